# From modules as they were written to their parts: what a module file or value declares, defines and imports.
let
  errors = import ./errors.nix;
  lists = import ./lists.nix;
  inherit (builtins)
    attrNames
    elemAt
    filter
    genList
    head
    isAttrs
    isFunction
    isList
    isString
    length
    pathExists
    removeAttrs
    typeOf
    ;

  isPath = value: typeOf value == "path" || (isString value && builtins.substring 0 1 value == "/");

  pkgs = throw (
    errors.mark
    + builtins.toJSON {
      kind = "pkgs";
      path = [ ];
    }
  );

  call =
    arguments: origin: function:
    let
      given = arguments // {
        inherit pkgs;
      };
      wanted = builtins.functionArgs function;
      missing = filter (name: !wanted.${name} && !given ? ${name}) (attrNames wanted);
    in
    if missing != [ ] then
      errors.wrong [ ] origin
        "the module's function asks for '${head missing}', and there are only ${
          builtins.concatStringsSep ", " (attrNames (removeAttrs given [ "pkgs" ]))
        }"
    else
      function given;

  load =
    origin: module:
    if !isPath module then
      module
    else if pathExists module then
      import module
    else
      errors.wrong [ ] origin "imports ${toString module}, which does not exist";

  parts =
    arguments: node:
    let
      origin =
        if isPath node.module then
          {
            file = toString node.module;
            pos = null;
          }
        else
          node.origin;
      loaded = load node.origin node.module;
      written = if isFunction loaded then call arguments origin loaded else loaded;
      stray = attrNames (
        removeAttrs written [
          "_class"
          "_file"
          "config"
          "freeformType"
          "imports"
          "key"
          "meta"
          "options"
        ]
      );
      strayOrigin = origin // {
        pos = errors.positionIn written (head stray) origin.pos;
      };
      module =
        if !isAttrs written then
          errors.wrongType [ ] "a module, which is an attribute set or a function that returns one" (
            origin // { value = written; }
          )
        else if written ? _type then
          { config = written; }
        else if !(written ? config || written ? options) then
          {
            imports = written.imports or [ ];
            config = if written ? imports then removeAttrs written [ "imports" ] else written;
          }
        else if stray != [ ] then
          errors.wrong [ ] strayOrigin
            "'${head stray}' stands beside 'config' or 'options'; move it into 'config'"
        else
          written;
      importsOrigin = origin // {
        pos = errors.positionIn written "imports" origin.pos;
      };
      imports = module.imports or [ ];
    in
    {
      options = module.options or { };
      freeform = module.freeformType.element or null;
      definition = origin // {
        value = module.config or { };
      };
      imports =
        if isList imports then
          genList (
            i:
            let
              imported = elemAt imports i;
            in
            {
              # What is imported twice counts once.
              key = if isPath imported then toString imported else "${node.key}:${toString i}";
              module = imported;
              origin = importsOrigin;
            }
          ) (length imports)
        else
          errors.wrongType [ "imports" ] "a list of paths or modules" (importsOrigin // { value = imports; });
    };
in
{
  inherit isPath;

  # All modules that nodes ([ { key; module; origin; } ]) lead to, those that are imported before those that import them:
  # [ { options; freeform; definition; imports; } ]. arguments: what functions are called with.
  collect =
    arguments: nodes:
    map (node: node.parts) (
      lists.reverseList (
        builtins.genericClosure {
          startSet = map (node: node // { parts = parts arguments node; }) nodes;
          operator = node: map (n: n // { parts = parts arguments n; }) node.parts.imports;
        }
      )
    );
}
