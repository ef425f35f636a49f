@0xe7d04b1c5a9632f8;
# The same types in an old and a new version.

struct Old {
  number @0 :UInt32;
  text @1 :Text;
  items @2 :List(OldItem);
  numbers @3 :List(UInt32);
  texts @4 :List(Text);
  child @5 :OldItem;
  bytes @6 :List(UInt8);
  datas @7 :List(Data);
}

struct OldItem {
  id @0 :UInt16;
}

struct New {
  number @0 :UInt32;
  text @1 :Text;
  items @2 :List(NewItem);
  numbers @3 :List(NewNumber);
  texts @4 :List(NewText);
  child @5 :NewItem;
  bytes @6 :List(NewByte);
  datas @7 :List(NewData);
  added @8 :Int64 = 77;
  addedText @9 :Text = "fresh";
  addedChild @10 :NewItem;
}

struct NewItem {
  id @0 :UInt16;
  name @1 :Text = "none";
  weight @2 :Float64 = 2.5;
  tags @3 :List(Text);
}

struct NewNumber {
  value @0 :UInt32;
  extra @1 :UInt64 = 9;
  note @2 :Text;
}

struct NewText {
  value @0 :Text;
  language @1 :Text = "en";
  weight @2 :UInt8 = 3;
}

struct NewByte {
  value @0 :UInt8;
  scale @1 :UInt16 = 5;
}

struct NewData {
  value @0 :Data;
  kind @1 :UInt32;
}
