# Errors leave the evaluation as JSON behind a mark, and the program puts them into words: the same words for a config in
# Nix and for one in JSON (src/config/problem.c).
rec {
  mark = "@nixos-nspawn ";
  # Said before it is thrown: evaluate.nix catches, looks for more, and only what was said can be told then.
  say = error: builtins.trace (mark + builtins.toJSON error);
  fail = error: say error (throw (mark + builtins.toJSON error));

  # What Nix's own errors are traced back to: the option that was being evaluated, and where it was set.
  context = path: definition: value: builtins.addErrorContext (mark + builtins.toJSON { inherit path; where = where definition; }) value;

  # A definition carries the position of its attribute, if Nix knows it, and the file that it is in.
  where =
    definition:
    if definition.pos == null then
      definition.file
    else
      "${definition.pos.file}:${toString definition.pos.line}:${toString definition.pos.column}";

  # The position of set's attribute, else the one of what the set is in.
  positionIn =
    set: name: outer:
    let
      pos = builtins.unsafeGetAttrPos name set;
    in
    if pos == null then outer else pos;

  # A value as far as a message shows it.
  shown =
    value:
    let
      type = builtins.typeOf value;
    in
    if type == "string" && builtins.stringLength value > 4000 then
      { found = "a string of ${toString (builtins.stringLength value)} bytes"; }
    else if type == "list" then
      { value = [ ]; }
    else if type == "set" then
      if value ? _type then { found = "what lib.${value._type} makes"; } else { value = { }; }
    else if type == "path" then
      { found = "the path ${toString value}"; }
    else if type == "lambda" then
      { found = "a function"; }
    else
      { inherit value; };

  wrongType =
    path: expected: definition:
    fail (
      {
        kind = "type";
        inherit path expected;
        where = where definition;
      }
      // shown definition.value
    );

  conflict =
    path: definitions:
    fail {
      kind = "conflict";
      inherit path;
      definitions = map (d: { where = where d; } // shown d.value) definitions;
    };

  # Anything else: text says what is wrong and what to do.
  wrong =
    path: definition: text:
    fail {
      kind = "text";
      inherit path text;
      where = where definition;
    };
}
