# Types of options: what a value may be (check), how several definitions become one (merge), how a message calls it
# (description, plural), and what the table of options says of it (schema), from which the program checks JSON.
let
  definitions = import ./definitions.nix;
  errors = import ./errors.nix;
  strings = import ./strings.nix;
  inherit (builtins)
    all
    any
    concatLists
    concatMap
    concatStringsSep
    elem
    elemAt
    filter
    genList
    head
    isAttrs
    isBool
    isFunction
    isInt
    isList
    isString
    length
    listToAttrs
    typeOf
    ;

  quote = value: if isString value then "\"${value}\"" else toString value;
  isPath = value: typeOf value == "path" || (isString value && strings.hasPrefix "/" value);

  mkType =
    type:
    {
      merge = definitions.mergeEqual;
      plural = type.description;
    }
    // type
    // {
      _type = "option-type";
      schema = type.schema // {
        inherit (type) description;
      };
    };

  # The definitions of a list, one entry an item: { file; pos; value; }.
  items = concatMap (d: map (value: d // { inherit value; }) d.value);

  between =
    what: plural: min: max:
    mkType {
      name = "int";
      description = "${what} from ${toString min} to ${toString max}";
      inherit plural;
      check = value: isInt value && value >= min && value <= max;
      schema = {
        kind = "integer";
        inherit min max;
      };
    };
in
rec {
  inherit mkType;
  mkOptionType = mkType;

  bool = mkType {
    name = "bool";
    description = "true or false";
    check = isBool;
    schema.kind = "boolean";
  };

  int = mkType {
    name = "int";
    description = "a whole number";
    plural = "whole numbers";
    check = isInt;
    schema.kind = "integer";
  };
  ints = {
    between = between "a whole number" "whole numbers";
    positive = between "a whole number" "whole numbers" 1 9223372036854775807;
    unsigned = between "a whole number" "whole numbers" 0 9223372036854775807;
    u8 = between "a whole number" "whole numbers" 0 255;
    u16 = between "a whole number" "whole numbers" 0 65535;
    u32 = between "a whole number" "whole numbers" 0 4294967295;
  };
  # NixOS allows 0 here, which no packet can have.
  port = between "a port" "ports" 1 65535;
  number = mkType {
    name = "number";
    description = "a number";
    plural = "numbers";
    check = value: isInt value || builtins.isFloat value;
    schema.kind = "number";
  };
  float = number;

  str = mkType {
    name = "str";
    description = "a string";
    plural = "strings";
    check = isString;
    schema.kind = "string";
  };
  singleLineStr = str;
  nonEmptyStr = mkType {
    name = "nonEmptyStr";
    description = "a string that is not empty";
    plural = "strings";
    check = value: isString value && value != "";
    schema = {
      kind = "string";
      min = 1;
    };
  };
  strMatching =
    pattern:
    mkType {
      name = "strMatching";
      description = "a string that matches ${pattern}";
      plural = "strings that match ${pattern}";
      check = value: isString value && builtins.match pattern value != null;
      schema = {
        kind = "string";
        inherit pattern;
      };
    };
  # A pattern that a person need not read.
  strOf =
    description: plural: pattern:
    mkType {
      name = "str";
      inherit description plural;
      check = value: isString value && builtins.match pattern value != null;
      schema = {
        kind = "string";
        inherit pattern;
      };
    };
  separatedString =
    separator:
    str
    // {
      name = "separatedString";
      merge = _: ds: concatStringsSep separator (map (d: d.value) ds);
    };
  lines = mkType {
    name = "lines";
    description = "lines of text";
    check = isString;
    merge = _: ds: concatStringsSep "\n" (map (d: d.value) ds);
    schema.kind = "string";
  };
  commas = separatedString ",";
  # "404" may be written as 404.
  strOrInt = mkType {
    name = "str";
    description = "a string or a whole number";
    plural = "strings or whole numbers";
    check = value: isString value || isInt value;
    merge = path: ds: definitions.mergeEqual path (map (d: d // { value = toString d.value; }) ds);
    schema = {
      kind = "string";
      integers = true;
    };
  };

  path = mkType {
    name = "path";
    description = "an absolute path";
    plural = "absolute paths";
    check = isPath;
    merge = path: ds: definitions.mergeEqual path (map (d: d // { value = toString d.value; }) ds);
    schema.kind = "path";
  };

  enum =
    values:
    mkType {
      name = "enum";
      description =
        if length values == 1 then quote (head values) else "one of ${concatStringsSep ", " (map quote values)}";
      check = value: elem value values;
      schema = {
        kind = "enum";
        inherit values;
      };
    };

  nullOr =
    of:
    mkType {
      name = "nullOr";
      description = "null or ${of.description}";
      check = value: value == null || of.check value;
      merge =
        path: ds:
        if all (d: d.value == null) ds then
          null
        else if any (d: d.value == null) ds then
          errors.conflict path ds
        else
          of.merge path ds;
      emptyValue = null;
      schema = {
        kind = "nullable";
        of = of.schema;
      };
    };

  either =
    a: b:
    mkType {
      name = "either";
      description = "${a.description} or ${b.description}";
      plural = "${a.plural} or ${b.plural}";
      check = value: a.check value || b.check value;
      merge =
        path: ds:
        if all (d: a.check d.value) ds then
          a.merge path ds
        else if all (d: b.check d.value) ds then
          b.merge path ds
        else
          errors.conflict path ds;
      schema = {
        kind = "either";
        of = [
          a.schema
          b.schema
        ];
      };
    };
  oneOf = types: builtins.foldl' either (head types) (builtins.tail types);

  listOf =
    of:
    mkType {
      name = "listOf";
      description = "a list of ${of.plural}";
      plural = "lists of ${of.plural}";
      check = isList;
      merge =
        path: ds:
        let
          all' = items ds;
          merged = genList (i: definitions.merge (path ++ [ i ]) of [ (elemAt all' i) ]) (length all');
        in
        map (m: m.value) (filter (m: m.defined) merged);
      emptyValue = [ ];
      schema = {
        kind = "list";
        of = of.schema;
      };
    };
  nonEmptyListOf = of: listOf of // { check = value: isList value && value != [ ]; };

  attrsOf =
    of:
    mkType {
      name = "attrsOf";
      description = "an attribute set of ${of.plural}";
      plural = "attribute sets of ${of.plural}";
      check = isAttrs;
      merge =
        path: ds:
        let
          names = builtins.attrNames (builtins.foldl' (a: d: a // d.value) { } ds);
          of' =
            name:
            concatMap (
              d:
              if d.value ? ${name} then
                [
                  {
                    inherit (d) file;
                    value = d.value.${name};
                    pos = errors.positionIn d.value name d.pos;
                  }
                ]
              else
                [ ]
            ) ds;
        in
        listToAttrs (
          concatMap (
            name:
            let
              merged = definitions.merge (path ++ [ name ]) of (of' name);
            in
            if merged.defined then
              [
                {
                  inherit name;
                  inherit (merged) value;
                }
              ]
            else
              [ ]
          ) names
        );
      emptyValue = { };
      element = of;
      schema = {
        kind = "attributes";
        of = of.schema;
      };
    };
  lazyAttrsOf = attrsOf;

  # One setting of a section of a systemd file: a scalar, or a list for a key that comes several times.
  unitSetting =
    let
      single = value: isBool value || isInt value || isString value || typeOf value == "path";
      plain = value: if typeOf value == "path" then toString value else value;
      asList = value: if isList value then map plain value else [ (plain value) ];
    in
    mkType {
      name = "unitSetting";
      description = "a string, a whole number, true or false, or a list of these";
      plural = "settings (string, whole number, true or false, or a list of these)";
      check = value: single value || (isList value && all single value);
      merge =
        path: ds:
        if any (d: isList d.value) ds then
          concatLists (map (d: asList d.value) ds)
        else
          definitions.mergeEqual path (map (d: d // { value = plain d.value; }) ds);
      schema.kind = "setting";
    };

  # Options within an option; module is a module that declares them.
  submodule =
    module:
    let
      modules = import ./modules.nix;
      declared = modules.declare [ module ];
      definesNothing = isAttrs module && !(module ? config) && !(module ? imports) && module ? options;
    in
    mkType {
      name = "submodule";
      description = "an attribute set";
      plural = "attribute sets";
      check = value: isAttrs value || isFunction value || isPath value;
      merge =
        path: ds:
        (modules.evaluate {
          inherit path;
          base = [ module ];
          declared = if definesNothing then declared else null;
          definitions = ds;
        }).value;
      emptyValue = { };
      schema = {
        kind = "options";
      }
      // modules.schema declared;
    };

  # The config of a container within another one: an option of an attribute set whose name is the container's. What it may
  # say is the other set of options, which the program has a table of already.
  containerConfig =
    let
      modules = import ./modules.nix;
      base = import ../options;
    in
    mkType {
      name = "containerConfig";
      description = "a config of a container (nixos-nspawn-options(7))";
      plural = "configs of containers";
      check = value: isAttrs value || isFunction value || isPath value;
      merge =
        path: ds:
        (modules.evaluate {
          inherit path base;
          name = elemAt path (length path - 2);
          definitions = ds;
        }).value;
      schema.kind = "config";
    };

  # Values that are not looked into.
  raw = mkType {
    name = "raw";
    description = "anything";
    check = _: true;
    schema.kind = "anything";
  };
  unspecified = raw;
  anything = raw // {
    merge =
      path: ds:
      if all (d: isAttrs d.value) ds && length ds > 1 then
        (attrsOf anything).merge path ds
      else
        definitions.mergeEqual path ds;
  };
  attrs = mkType {
    name = "attrs";
    description = "an attribute set";
    plural = "attribute sets";
    check = isAttrs;
    merge = _: ds: builtins.foldl' (a: d: a // d.value) { } ds;
    schema.kind = "anything";
  };
}
