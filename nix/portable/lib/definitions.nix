# Several definitions of one option become one value, as in NixOS: conditions are decided, only the strongest priority
# stays, order sorts, and the option's type merges what is left.
let
  errors = import ./errors.nix;
  properties = import ./properties.nix;
  inherit (builtins)
    concatMap
    filter
    foldl'
    head
    isBool
    ;

  discharge =
    path: d:
    let
      type = d.value._type or null;
      inner = value: discharge path (d // { inherit value; });
    in
    if type == null then
      [ d ]
    else if type == "merge" then
      concatMap inner d.value.contents
    else if type == "if" then
      if !isBool d.value.condition then
        errors.wrong path d "the condition of mkIf is not true or false"
      else if d.value.condition then
        inner d.value.content
      else
        [ ]
    # The outermost priority and order win.
    else if type == "override" then
      map (x: x // { priority = d.value.priority; }) (inner d.value.content)
    else if type == "order" then
      map (x: x // { order = d.value.priority; }) (inner d.value.content)
    else
      [ d ];

  orderOf = d: d.order or properties.defaultOrderPriority;
  priorityOf = d: d.priority or properties.defaultOverridePriority;

  strongest =
    definitions:
    let
      highest = foldl' (p: d: if priorityOf d < p then priorityOf d else p) 10000 definitions;
    in
    filter (d: priorityOf d == highest) definitions;

  ordered =
    definitions:
    if builtins.any (d: d ? order) definitions then
      builtins.sort (a: b: orderOf a < orderOf b) definitions
    else
      definitions;
in
rec {
  # definitions: [ { file; pos; value; } ]. Those that count.
  kept = path: definitions: ordered (strongest (concatMap (discharge path) definitions));

  # Returns { defined; value; }, both lazy.
  merge =
    path: type: definitions:
    let
      counting = kept path definitions;
      checked = map (d: if type.check d.value then d else errors.wrongType path type.description d) counting;
      context = if definitions == [ ] then x: x else errors.context path (head definitions);
    in
    {
      defined = context (counting != [ ]);
      value = context (type.merge path checked);
    };

  # For types whose definitions must all say the same.
  mergeEqual =
    path: definitions:
    let
      first = (head definitions).value;
    in
    if builtins.all (d: d.value == first) definitions then first else errors.conflict path definitions;
}
