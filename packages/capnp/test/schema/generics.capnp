@0xb6f1d0a3c5e29487;
# Generic structs, untyped pointers and annotations.

using Sink = import "kitchen-sink.capnp";

annotation unit(field) :Text;
annotation internal(struct, enum, enumerant) :Void;
annotation meta(*) :Meta;

struct Meta {
  numbers @0 :List(Int16);
  note @1 :Text;
  level @2 :Level = high;
  enum Level { low @0; high @1; }
}

struct Pair(First, Second) $internal {
  # Two values.
  first @0 :First $unit("seconds");
  # The first one.
  second @1 :Second;
  union {
    nothing @2 :Void;
    swapped @3 :Pair(Second, First);
    position :group {
      x @4 :First;
      y @5 :UInt16;
    }
  }

  struct Inner(Third) {
    outer @0 :First;
    own @1 :Third;
  }
}

struct Tree(T) $meta(numbers = [1, 2], note = "a \"tree\"", level = low) {
  value @0 :T;
  children @1 :List(Tree(T));
}

struct Users {
  textAndNode @0 :Pair(Text, Sink.Node);
  dataAndList @1 :Pair(Data, List(Int32));
  inner @2 :Pair(Text, Data).Inner(Sink.Node);
  tree @3 :Tree(Text);
  trees @4 :List(Tree(List(UInt8)));
  unbound @5 :Pair;
  nested @6 :Tree(Pair(Text, Tree(Data)));
  inherited @7 :Tree(Pair(Text, Text).Inner(Text));
}

struct Anything {
  pointer @0 :AnyPointer;
  struct @1 :AnyStruct;
  list @2 :AnyList;
  capability @3 :Capability;
  union {
    nothing @4 :Void;
    some @5 :AnyPointer;
    number @6 :UInt8;
  }
}

const pair :Pair(Text, Data) = (first = "one", second = 0x"02");
