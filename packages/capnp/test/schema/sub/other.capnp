@0xb2e4c8a7915d03f6;
# Imported by the kitchen sink; imports it back, since schema files may refer to each other.

using Sink = import "../kitchen-sink.capnp";

struct Palette {
  shades @0 :List(Shade);
  main @1 :Sink.Color;
  owner @2 :Sink.Node;

  enum Shade {
    light @0;
    dark @1;
  }

  struct Deep {
    struct Deeper {
      value @0 :Int16;
    }
    it @0 :Deeper;
  }

  deep @3 :Deep.Deeper;
}
