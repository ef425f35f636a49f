@0xd1f7a5c0b3e29481;
# Everything the runtime and the generator claim to support, in one schema.

using Other = import "sub/other.capnp";
using Shade = Other.Palette.Shade;

enum Color {
  # What things are painted with.

  red @0;
  green @1;
  # Third comes first in the code order of nobody.
  blue @2;
}

struct Scalars {
  nothing @0 :Void;
  flag @1 :Bool;
  tiny @2 :Int8;
  small @3 :Int16;
  medium @4 :Int32;
  large @5 :Int64;
  utiny @6 :UInt8;
  usmall @7 :UInt16;
  umedium @8 :UInt32;
  ularge @9 :UInt64;
  single @10 :Float32;
  double @11 :Float64;
  color @12 :Color;
  flag2 @13 :Bool;
  shade @14 :Shade;
}

struct Defaults {
  flag @0 :Bool = true;
  tiny @1 :Int8 = -123;
  small @2 :Int16 = -12345;
  medium @3 :Int32 = -12345678;
  large @4 :Int64 = -1234567890123456;
  utiny @5 :UInt8 = 234;
  usmall @6 :UInt16 = 45678;
  umedium @7 :UInt32 = 3456789012;
  ularge @8 :UInt64 = 12345678901234567890;
  single @9 :Float32 = 1234.5;
  double @10 :Float64 = -123e45;
  infinite @11 :Float64 = inf;
  notANumber @12 :Float32 = nan;
  color @13 :Color = blue;
  text @14 :Text = "héllo \"world\"";
  data @15 :Data = 0x"00 01 fe ff";
  scalars @16 :Scalars = (flag = true, large = -5, color = green, single = 0.5);
  numbers @17 :List(Int32) = [1, -2, 3];
  texts @18 :List(Text) = ["one", "", "three"];
  structs @19 :List(Scalars) = [(tiny = 1), (tiny = 2, ularge = 18446744073709551615)];
  nested @20 :List(List(UInt8)) = [[1, 2], [], [3]];
  negativeZero @21 :Float64 = -0.0;
  safe @22 :UInt64 = 4294967297;
  safeSigned @23 :Int64 = -4294967297;
  bits @24 :List(Bool) = [true, false, true];
}

struct Lists {
  voids @0 :List(Void);
  bools @1 :List(Bool);
  int8s @2 :List(Int8);
  int16s @3 :List(Int16);
  int32s @4 :List(Int32);
  int64s @5 :List(Int64);
  uint8s @6 :List(UInt8);
  uint16s @7 :List(UInt16);
  uint32s @8 :List(UInt32);
  uint64s @9 :List(UInt64);
  float32s @10 :List(Float32);
  float64s @11 :List(Float64);
  texts @12 :List(Text);
  datas @13 :List(Data);
  colors @14 :List(Color);
  structs @15 :List(Node);
  int32Lists @16 :List(List(Int32));
  structLists @17 :List(List(Node));
  deep @18 :List(List(List(Text)));
  palettes @19 :List(Other.Palette);
  empties @20 :List(Empty);
  boolLists @21 :List(List(Bool));
  services @22 :List(Service);
}

struct Empty {
}

struct Node {
  # A tree.

  name @0 :Text;
  value @1 :UInt32;
  children @2 :List(Node);
  left @3 :Node;
  payload @4 :Data;
  # Raw bytes.
}

struct Unions {
  before @0 :UInt16;

  union {
    nothing @1 :Void;
    number @2 :UInt32;
    text @3 :Text;
    node @4 :Node;
    numbers @5 :List(UInt16);
    # A list.

    pair :group {
      # Two things at once.
      first @6 :Int64;
      second @7 :Text;
      third @13 :Bool = true;
    }
    flag @8 :Bool;
    data @9 :Data;
    color @10 :Color;
    anything @11 :AnyPointer;
  }

  named :union {
    a @12 :Void;
    b @14 :Int8;
    c @15 :Float64;
    inner :group {
      x @16 :UInt8 = 7;
      union {
        y @17 :Text;
        z @18 :UInt8;
      }
    }
  }

  after @19 :Text;
}

struct Groups {
  position :group {
    x @0 :Float32;
    y @1 :Float32;
    label @2 :Text;
    detail :group {
      depth @3 :UInt8;
    }
  }
  other @4 :Int32;
}

struct Everything {
  scalars @0 :Scalars;
  defaults @1 :Defaults;
  lists @2 :Lists;
  tree @3 :Node;
  unions @4 :List(Unions);
  groups @5 :Groups;
  palette @6 :Other.Palette;
  any @7 :AnyPointer;
  box @8 :Box(Text);
  service @9 :Service;
}

struct Box(T) {
  content @0 :T;
  size @1 :UInt32;
}

interface Service {
  call @0 (request :Text) -> (response :Text);

  struct Settings {
    # A type inside an interface.
    timeout @0 :UInt32 = 30;
  }
}

struct Awkward {
  # Names that clash with what JavaScript or the generator uses.

  class @0 :Text;
  constructor @1 :UInt32;
  toString @2 :Text;
  which @3 :UInt16;
  whichIndex @4 :Text;
  length @5 :UInt64;
  lengthNumber @6 :Text;
  hasClass @7 :Bool;
  initNode @8 :Data;
  node @9 :Node;
  asReader @10 :Bool;
  union {
    new @11 :Void;
    value @12 :UInt8;
    setNew @13 :Void;
  }

  struct Reader {
    name @0 :Text;
  }
  const name :Text = "awkward";
}

struct AwkwardReader {
  # Would be the name of Awkward's reader.
  x @0 :UInt8;
}

struct Uint8Array {
  # Hides a global.
  bytes @0 :Data;
}

const answer :UInt32 = 42;
const huge :UInt64 = 18446744073709551615;
const negative :Int64 = -9223372036854775808;
const yes :Bool = true;
const ratio :Float64 = 0.1;
const endless :Float32 = -inf;
const greeting :Text = "hello\nworld";
const blob :Data = 0x"de ad be ef";
const favourite :Color = blue;
const shadeOfGrey :Shade = dark;
const origin :Node = (name = "origin", value = 1, children = [(name = "child")]);
const primes :List(UInt16) = [2, 3, 5, 7];
const names :List(Text) = ["a", "b"];
const import :Void = void;

struct WithConstants {
  const limit :UInt16 = 100;
  const sample :Node = (name = "sample");
  value @0 :UInt16 = .WithConstants.limit;
}
