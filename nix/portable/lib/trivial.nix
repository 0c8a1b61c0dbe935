# Functions about nothing in particular.
rec {
  inherit (builtins)
    add
    bitAnd
    bitOr
    bitXor
    div
    functionArgs
    fromJSON
    isAttrs
    isBool
    isFloat
    isFunction
    isInt
    isList
    isString
    lessThan
    mul
    pathExists
    readFile
    seq
    deepSeq
    sub
    toJSON
    trace
    tryEval
    typeOf
    ;
  id = x: x;
  const = x: _: x;
  flip = f: a: b: f b a;
  pipe = value: functions: builtins.foldl' (x: f: f x) value functions;
  compose = f: g: x: f (g x);
  min = a: b: if a < b then a else b;
  max = a: b: if a > b then a else b;
  mod = a: b: a - b * (a / b);
  xor = a: b: a != b;
  boolToString = b: if b then "true" else "false";
  boolToYesNo = b: if b then "yes" else "no";
  importJSON = path: builtins.fromJSON (builtins.readFile path);
  importTOML = path: builtins.fromTOML (builtins.readFile path);
  defaultTo = default: value: if value == null then default else value;
  mapNullable = f: value: if value == null then null else f value;
  warn = message: builtins.trace "warning: ${message}";
  warnIf = condition: message: if condition then warn message else id;
  warnIfNot = condition: message: if condition then id else warn message;
  throwIf = condition: message: if condition then throw message else id;
  throwIfNot = condition: message: if condition then id else throw message;
  assertMsg = condition: message: condition || throw message;
  fix =
    f:
    let
      x = f x;
    in
    x;
}
