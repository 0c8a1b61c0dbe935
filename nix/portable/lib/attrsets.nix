# Attribute sets.
let
  lists = import ./lists.nix;
in
rec {
  inherit (builtins)
    attrNames
    attrValues
    catAttrs
    getAttr
    hasAttr
    intersectAttrs
    isAttrs
    listToAttrs
    mapAttrs
    removeAttrs
    zipAttrsWith
    ;
  nameValuePair = name: value: { inherit name value; };
  mapAttrs' = f: set: listToAttrs (map (name: f name set.${name}) (attrNames set));
  mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
  attrsToList = mapAttrsToList nameValuePair;
  concatMapAttrs = f: set: mergeAttrsList (mapAttrsToList f set);
  mergeAttrs = a: b: a // b;
  mergeAttrsList = builtins.foldl' mergeAttrs { };
  genAttrs = names: f: listToAttrs (map (name: nameValuePair name (f name)) names);
  genAttrs' = xs: f: listToAttrs (map f xs);
  filterAttrs = f: set: removeAttrs set (builtins.filter (name: !f name set.${name}) (attrNames set));
  getAttrs = names: set: genAttrs names (name: set.${name});
  optionalAttrs = condition: set: if condition then set else { };
  foldlAttrs = f: init: set: builtins.foldl' (acc: name: f acc name set.${name}) init (attrNames set);
  hasAttrByPath =
    path: set: path == [ ] || (isAttrs set && set ? ${builtins.head path} && hasAttrByPath (builtins.tail path) set.${builtins.head path});
  attrByPath =
    path: default: set:
    if path == [ ] then
      set
    else if isAttrs set && set ? ${builtins.head path} then
      attrByPath (builtins.tail path) default set.${builtins.head path}
    else
      default;
  getAttrFromPath = path: attrByPath path (throw "lib.getAttrFromPath: no attribute '${builtins.concatStringsSep "." path}'");
  setAttrByPath =
    path: value: if path == [ ] then value else { ${builtins.head path} = setAttrByPath (builtins.tail path) value; };
  recursiveUpdateUntil =
    stop: a: b:
    let
      go =
        path:
        zipAttrsWith (
          name: values:
          let
            here = path ++ [ name ];
            left = builtins.elemAt values 1;
            right = builtins.head values;
          in
          if builtins.length values == 1 || stop here left right then right else go here values
        );
    in
    go [ ] [ b a ];
  recursiveUpdate = recursiveUpdateUntil (_: a: b: !(isAttrs a && isAttrs b));
  mapAttrsRecursiveCond =
    condition: f: set:
    let
      go =
        path:
        mapAttrs (
          name: value:
          if isAttrs value && condition value then go (path ++ [ name ]) value else f (path ++ [ name ]) value
        );
    in
    go [ ] set;
  mapAttrsRecursive = mapAttrsRecursiveCond (_: true);
  collect =
    f: set:
    if f set then
      [ set ]
    else if isAttrs set then
      lists.concatMap (collect f) (attrValues set)
    else
      [ ];
  zipAttrs = zipAttrsWith (_: values: values);
  foldAttrs = f: nul: sets: mapAttrs (_: values: lists.foldr f nul values) (zipAttrs sets);
  cartesianProduct =
    set:
    builtins.foldl' (
      products: name: lists.concatMap (product: map (value: product // { ${name} = value; }) set.${name}) products
    ) [ { } ] (attrNames set);
  isDerivation = value: value.type or null == "derivation";
}
