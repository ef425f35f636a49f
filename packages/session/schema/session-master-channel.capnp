@0xf39426463575be4f;
# Messages between the two sides of a session: log-in, opening of channels, the end.

using Common = import "common.capnp";

struct SessionMasterChannelMessageBody {
  union {
    logInReq @0 :LogInReq;
    # Client to server; the first message.

    logInRsp @1 :LogInRsp;
    # Server to client: logged in.

    jemallocShmSetup @2 :JemallocShmSetup;
    # Server to client, with the descriptor of the lend channel. The client answers with an empty body.

    openChannelToClientReq @3 :OpenChannelToClientReq;
    # Server to client, with the descriptor of the client's end when sockets are used.

    openChannelToClientRsp @4 :OpenChannelToClientRsp;

    openChannelToServerReq @5 :OpenChannelToServerReq;

    openChannelToServerRsp @6 :OpenChannelToServerRsp;
    # Server to client, with the descriptor of the client's end when sockets are used.

    gracefulSessionEnd @7 :GracefulSessionEnd;
    # Either way, only in sessions with SHM-jemalloc.

    logInRefusal @8 :LogInRefusal;
    # Ours: instead of logInRsp, to a client that said it understands. Flow-IPC's server just closes.
  }
}

struct LogInReq {
  protocolNegotiationToServer @0 :Common.ProtocolNegotiation;
  mqTypeOrNone @1 :Common.MqType;
  nativeHandleTransmissionEnabled @2 :Bool;

  claimedOwnProcessCredentials @3 :Common.ProcessCredentials;
  # Compared with what the kernel says.

  ownApp @4 :ClientApp;
  shmTypeOrNone @5 :Common.ShmType;
  metadata @6 :Common.Metadata;

  numInitChannelsByCliReq @7 :UInt64;
  # Channels that the client wants with the session.

  understandsRefusal @8 :Bool;
  # Ours: the client wants to be told why it is refused. A bit that Flow-IPC leaves unused and does not look at.

  struct ClientApp {
    name @0 :Text;
  }
}

struct LogInRsp {
  protocolNegotiationToClient @0 :Common.ProtocolNegotiation;

  clientNamespace @1 :Text;
  # "1", "2", ...: unique among the server's sessions; part of the names of the session's resources.

  metadata @2 :Common.Metadata;

  numInitChannelsBySrvReq @3 :UInt64;
  # Channels that the server wants with the session.
}

struct LogInRefusal {
  code @0 :Text;
  # Of the error with which the server's accept() failed.

  message @1 :Text;
}

struct JemallocShmSetup {
}

struct OpenChannelToClientReq {
  clientToServerMqAbsNameOrEmpty @0 :Text;
  serverToClientMqAbsNameOrEmpty @1 :Text;
  metadata @2 :Common.Metadata;
}

struct OpenChannelToClientRsp {
  openChannelResult @0 :OpenChannelResult;
}

struct OpenChannelToServerReq {
  metadata @0 :Common.Metadata;
}

struct OpenChannelToServerRsp {
  openChannelResult @0 :OpenChannelResult;
  clientToServerMqAbsNameOrEmpty @1 :Text;
  serverToClientMqAbsNameOrEmpty @2 :Text;
}

struct GracefulSessionEnd {
}

enum OpenChannelResult {
  accepted @0;

  rejectedPassiveOpen @1;
  # The other side does not accept channels.

  rejectedResourceUnavailable @2;
  # The server could not make the channel's sockets or queues.

  endSentinel @3;
}
