# Lists.
rec {
  inherit (builtins)
    all
    any
    concatLists
    concatMap
    elem
    elemAt
    filter
    foldl'
    genList
    groupBy
    head
    length
    map
    partition
    sort
    tail
    ;
  singleton = x: [ x ];
  forEach = xs: f: map f xs;
  foldr =
    f: nul: list:
    let
      n = length list;
      go = i: if i == n then nul else f (elemAt list i) (go (i + 1));
    in
    go 0;
  fold = foldr;
  foldl = f: builtins.foldl' f;
  imap0 = f: list: genList (i: f i (elemAt list i)) (length list);
  imap1 = f: list: genList (i: f (i + 1) (elemAt list i)) (length list);
  optional = condition: x: if condition then [ x ] else [ ];
  optionals = condition: xs: if condition then xs else [ ];
  toList = x: if builtins.isList x then x else [ x ];
  range = first: last: if first > last then [ ] else genList (i: first + i) (last - first + 1);
  replicate = n: x: genList (_: x) n;
  flatten = x: if builtins.isList x then concatMap flatten x else [ x ];
  remove = x: filter (y: y != x);
  count = f: builtins.foldl' (n: x: if f x then n + 1 else n) 0;
  findFirst =
    f: default: list:
    let
      found = filter f list;
    in
    if found == [ ] then default else head found;
  reverseList =
    list:
    let
      n = length list;
    in
    genList (i: elemAt list (n - i - 1)) n;
  sublist =
    start: count: list:
    let
      n = length list;
    in
    genList (i: elemAt list (start + i)) (
      if start >= n then
        0
      else if start + count > n then
        n - start
      else
        count
    );
  take = sublist 0;
  drop = n: list: sublist n (length list) list;
  last = list: if list == [ ] then throw "lib.last: the list is empty" else elemAt list (length list - 1);
  init = list: if list == [ ] then throw "lib.init: the list is empty" else take (length list - 1) list;
  unique = builtins.foldl' (seen: x: if elem x seen then seen else seen ++ [ x ]) [ ];
  zipListsWith =
    f: a: b:
    genList (i: f (elemAt a i) (elemAt b i)) (if length a < length b then length a else length b);
  zipLists = zipListsWith (fst: snd: { inherit fst snd; });
  intersectLists = a: filter (x: elem x a);
  subtractLists = a: filter (x: !elem x a);
  sortOn = f: sort (a: b: f a < f b);
  naturalSort = sort builtins.lessThan;
}
