@0xe04fe86779eddbc8;
# What precedes the body of each user message on a structured channel, and the channel's first message.

using Common = import "common.capnp";

struct StructuredMessage {
  # Metadata of one message: a single segment, followed by the segments of the body.

  authHeader @0 :AuthHeader;

  id @1 :UInt64 = 0;
  # From 1 in each direction, one more for each user message; 0 for internal messages.

  originatingMessageOrNull @2 :OriginatingMessage;
  # Present exactly in responses.

  union {
    numBodySerializationSegments @3 :UInt64;
    # How many messages of the pipe hold the body.

    internalMessageBody @4 :InternalMessageBody;
    # The channel's own message; no body follows.
  }
}

struct AuthHeader {
  sessionToken @0 :Common.Uuid;
  # The nil UUID in a log-in request, later the token that the server has given.
}

struct OriginatingMessage {
  id @0 :UInt64;
  # Id of the message that is being answered.
}

struct InternalMessageBody {
  unexpectedResponse @0 :UnexpectedResponse;
}

struct UnexpectedResponse {
  # Tells the sender of a response that nobody had asked for it.

  originatingMessageMetadataText @0 :Text;
  # For logs only.
}

struct ProtocolNegotiation {
  # First message of each pipe.

  maxProtoVer @0 :Int16;
  maxProtoVerAux @1 :Int16;
  # Version of the part that the serialisation method adds.
}
