# Modules: files or values that define options and may import others. All of them together make one tree of values.
let
  errors = import ./errors.nix;
  definitions = import ./definitions.nix;
  properties = import ./properties.nix;
  lists = import ./lists.nix;
  inherit (import ./collect.nix) collect isPath;
  inherit (builtins)
    attrNames
    concatMap
    elemAt
    filter
    genList
    head
    isAttrs
    isFunction
    isString
    length
    listToAttrs
    mapAttrs
    removeAttrs
    ;

  isOption = value: value._type or null == "option";

  # ---- Declarations ----

  mergeDeclarations =
    path: trees:
    if length trees == 1 then
      head trees
    else
      builtins.zipAttrsWith (
        name: found:
        if length found == 1 then
          head found
        else if builtins.any isOption found then
          throw "the option '${builtins.concatStringsSep "." (path ++ [ name ])}' is declared twice"
        else
          mergeDeclarations (path ++ [ name ]) found
      ) trees;

  # ---- Definitions ----

  # A set of options may be wrapped into conditions and priorities; they go on to each of its options.
  unwrap =
    d:
    let
      inherit (d) value;
      type = value._type or null;
      inner =
        wrap:
        unwrap (
          d
          // {
            value = value.content;
            wrap = x: d.wrap (wrap x);
          }
        );
    in
    if type == "merge" then
      concatMap (content: unwrap (d // { value = content; })) value.contents
    else if type == "if" then
      inner (properties.mkIf value.condition)
    else if type == "override" then
      inner (properties.mkOverride value.priority)
    else if type == "order" then
      inner (properties.mkOrder value.priority)
    else
      [ d ];

  child =
    name: d:
    if d.value ? ${name} then
      [
        (
          d
          // {
            value = d.value.${name};
            pos = errors.positionIn d.value name d.pos;
          }
        )
      ]
    else
      [ ];

  leaf = d: {
    inherit (d) file pos;
    value = d.wrap d.value;
  };

  # "services.postgresql.enable" rather than "services.postgresql": as much as was written in one go.
  fullName =
    path: value:
    let
      names = attrNames value;
      plain = (builtins.tryEval (isAttrs value && !value ? _type)).value;
    in
    if plain && length names == 1 then fullName (path ++ names) value.${head names} else path;

  mergeOption =
    name: path: option: outer: ds:
    let
      type = option.type or (import ./types.nix).anything;
      fallback = option.default or name;
      hasDefault = option ? default || option.defaultFromName or false;
      all =
        map leaf ds
        ++ (
          if hasDefault then
            [
              {
                file = "(default)";
                pos = null;
                value = properties.mkOptionDefault fallback;
              }
            ]
          else
            [ ]
        );
      merged = definitions.merge path type all;
      value =
        # Nothing was said, and a set alone might lack defaults of options inside.
        if ds == [ ] && hasDefault && !isAttrs fallback then
          fallback
        else if merged.defined then
          merged.value
        else if type ? emptyValue then
          type.emptyValue
        else
          errors.fail {
            kind = "missing";
            inherit path;
            expected = type.description;
            where = errors.where outer;
          };
    in
    if option.pending or false && value != fallback then
      errors.fail {
        kind = "pending";
        inherit path;
        where = errors.where (head ds);
      }
    else
      (option.apply or (x: x)) value;

  # Where what is in a definition that counts stands; what others hold may not even have a value. What conditions and the
  # like are around is not looked into, for it may be about nothing.
  placesIn =
    path: d:
    if length path < 4 && isAttrs d.value && !d.value ? _type then
      concatMap (
        key:
        concatMap (
          inner:
          [
            {
              path = path ++ [ key ];
              where = errors.where inner;
            }
          ]
          ++ placesIn (path ++ [ key ]) inner
        ) (child key d)
      ) (attrNames d.value)
    else
      [ ];

  # Returns { value; unknown; places; }: the values of a set of options, what was set beside them, and where each that was
  # set was set first, and what is in it.
  mergeSet =
    name: path: declared: freeform: outer: ds:
    let
      sets = map (
        d:
        if isAttrs d.value then
          d
        else
          errors.wrongType path "an attribute set of options" d
      ) (concatMap unwrap ds);
      groups = mapAttrs (
        key: declaration: mergeSet name (path ++ [ key ]) declaration null outer (concatMap (child key) sets)
      ) (removeAttrs declared (filter (key: isOption declared.${key}) (attrNames declared)));
      strange = filter (key: !declared ? ${key}) (
        attrNames (builtins.foldl' (a: d: a // d.value) { } sets)
      );
      free = concatMap (
        key:
        let
          merged = definitions.merge (path ++ [ key ]) freeform (map leaf (concatMap (child key) sets));
        in
        if merged.defined then
          [
            {
              name = key;
              inherit (merged) value;
            }
          ]
        else
          [ ]
      ) strange;
    in
    {
      value =
        (if freeform == null then { } else listToAttrs free)
        // mapAttrs (
          key: declaration:
          if groups ? ${key} then
            groups.${key}.value
          else
            mergeOption name (path ++ [ key ]) declaration outer (concatMap (child key) sets)
        ) declared;
      unknown =
        (
          if freeform != null then
            [ ]
          else
            concatMap (
              key:
              map (d: {
                path = fullName (path ++ [ key ]) d.value;
                where = errors.where d;
                line = if d.pos == null then 0 else d.pos.line;
              }) (concatMap (child key) sets)
            ) strange
        )
        ++ concatMap (key: if concatMap (child key) sets == [ ] then [ ] else groups.${key}.unknown) (attrNames groups);
      places = concatMap (
        key:
        if groups ? ${key} then
          groups.${key}.places
        else
          map (d: {
            path = path ++ [ key ];
            where = errors.where d;
          }) (lists.take 1 (concatMap (child key) sets))
          ++ concatMap (placesIn (path ++ [ key ])) (
            definitions.kept (path ++ [ key ]) (map leaf (concatMap (child key) sets))
          )
      ) (attrNames declared);
    };

  refuseUnknown =
    unknown: value:
    if unknown == [ ] then
      value
    else
      let
        all = map (u: { kind = "unknown"; } // u) (builtins.sort (a: b: a.line < b.line) unknown);
      in
      # From the right, since the left fold would be over at the first failure.
      lists.foldr errors.say (errors.fail (head all)) (builtins.tail all);

  freeformsOf = collected: filter (f: f != null) (map (m: m.freeform) collected);

  baseNodes =
    base:
    genList (i: {
      key = "base:${toString i}";
      module = elemAt base i;
      origin = {
        file = "(options)";
        pos = null;
      };
    }) (length base);
in
rec {
  # Evaluates definitions ([ { file; pos; value; } ]) against the options that the modules of base declare. A definition
  # is a set of options, or a module (a function or a path). declared: what base declares, when it is known (declare) and
  # base defines nothing itself; ten thousand entries of a list then share it.
  evaluate =
    {
      path ? [ ],
      name ? (
        let
          last = elemAt path (length path - 1);
        in
        if isString last then last else "[${toString last}]"
      ),
      base,
      declared ? null,
      definitions,
    }:
    let
      arguments = {
        inherit name;
        inherit (tree) config;
        options = tree.declared;
        lib = import ./.;
      };
      isModule = d: isFunction d.value || isPath d.value;
      written = lists.imap0 (i: d: {
        key = if isPath d.value then toString d.value else "definition:${toString i}";
        module = d.value;
        origin = removeAttrs d [ "value" ];
      }) (filter isModule definitions);
      isKnown = declared != null && written == [ ];
      collected = if isKnown then [ ] else collect arguments (baseNodes base ++ written);
      freeforms = if isKnown then declared.freeforms else freeformsOf collected;
      outer = head (definitions ++ [ base' ]);
      base' = {
        file = "(default)";
        pos = null;
      };
      tree = {
        declared = if isKnown then declared.options else mergeDeclarations [ ] (map (m: m.options) collected);
        merged = mergeSet name path tree.declared (if freeforms == [ ] then null else head freeforms) outer (
          map (d: d // { wrap = x: x; }) (
            map (m: m.definition) collected ++ filter (d: !isModule d) definitions
          )
        );
        config = tree.merged.value;
      };
    in
    {
      inherit (tree) config declared;
      inherit (tree.merged) places;
      value = refuseUnknown tree.merged.unknown tree.config;
    };

  # The options that modules declare, without any definition: for the table.
  declare =
    base:
    let
      collected = collect {
        name = "NAME";
        config = throw "an option's declaration depends on the config";
        options = { };
        lib = import ./.;
      } (baseNodes base);
    in
    {
      options = mergeDeclarations [ ] (map (m: m.options) collected);
      freeforms = freeformsOf collected;
    };

  # The table of options that the program reads, and from which the manual is made.
  schema =
    { options, freeforms }:
    let
      entry =
        declaration:
        if !isOption declaration then
          { options = mapAttrs (_: entry) declaration; }
        else
          {
            type = declaration.type.schema;
            description = declaration.description;
          }
          // (if declaration ? default then { inherit (declaration) default; } else { })
          // (if declaration ? example then { inherit (declaration) example; } else { })
          // (if declaration.defaultFromName or false then { defaultFromName = true; } else { })
          // (if declaration.pending or false then { pending = true; } else { });
    in
    {
      options = mapAttrs (_: entry) options;
    }
    // (if freeforms == [ ] then { } else { freeform = (head freeforms).schema; });
}
