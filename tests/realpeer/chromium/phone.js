// A telephone in a browser for the real-peer tests: SIP.js, a tone for a voice, a meter for an ear.
// The tests call the methods of `phone` (browser.py), which return plain values; what happens by
// itself goes to `report`.

import {
  Inviter,
  Registerer,
  RegistererState,
  SessionState,
  UserAgent,
  Web,
} from "./node_modules/sip.js/lib/index.js";
import { Ear, Voice } from "./sound.js";

const audio = new AudioContext({ sampleRate: 48000 });
const ear = new Ear(audio, (digit) => tell("tone", { digit }));
let voice = null;
let agent = null;
let session = null;
let rewriting = null;

/** Give the tests an event; `report` is theirs (a DevTools binding). */
function tell(event, fields = {}) {
  window.report(JSON.stringify({ event, ...fields }));
}

function uri(text) {
  const parsed = UserAgent.makeURI(text);
  if (!parsed) throw new Error(`not a SIP URI: ${text}`);
  return parsed;
}

/** Resolves when a request has its final answer: the status. */
function status(send) {
  return new Promise((resolve, reject) => {
    const done = (response) => resolve(response.message.statusCode);
    send({ requestDelegate: { onAccept: done, onReject: done } }).catch(reject);
  });
}

/** SIP.js's maker of offers and answers; `rewriting` changes what is sent, not what is meant. */
function describe(...given) {
  const make = Web.defaultSessionDescriptionHandlerFactory(() => Promise.resolve(voice.stream()));
  const handler = make(...given);
  const original = handler.getDescription.bind(handler);
  handler.getDescription = async (...options) => {
    const description = await original(...options);
    if (rewriting) description.body = description.body.replace(rewriting.from, rewriting.to);
    return description;
  };
  return handler;
}

/** Follow a session from its beginning to its end; the newest is the one that methods are about. */
function follow(another) {
  session = another;
  session.delegate = {
    onSessionDescriptionHandler: (handler) => {
      handler.peerConnection.addEventListener("track", (event) => ear.listen(event.track));
    },
    onBye: (bye) => {
      bye.accept();
      tell("bye");
    },
    onInfo: (info) => {
      info.accept();
      tell("info", { body: info.request.body, type: info.request.getHeader("Content-Type") });
    },
    onInvite: (request) => tell("reinvite", { body: request.body }),
    onRefer: (referral) => {
      tell("refer", { target: referral.referTo.uri.toString() });
      referral.accept().then(() => {
        const inviter = referral.makeInviter();
        follow(inviter);
        return inviter.invite();
      });
    },
  };
  session.stateChange.addListener((state) => {
    if (state === SessionState.Established) tell("established");
    if (state === SessionState.Terminated) tell("terminated");
  });
}

window.phone = {
  /** Register, speak with a tone of `hz`, and take what comes. */
  async start({ server, address, user, password, hz }) {
    voice = new Voice(audio, hz);
    agent = new UserAgent({
      uri: uri(address),
      transportOptions: { server },
      authorizationUsername: user,
      authorizationPassword: password,
      sessionDescriptionHandlerFactory: describe,
      sessionDescriptionHandlerFactoryOptions: {
        iceGatheringTimeout: 1000,
        peerConnectionConfiguration: { iceServers: [] },
      },
      logBuiltinEnabled: false,
      logConnector: (level, category, _, content) => {
        if (level === "warn" || level === "error") tell("log", { text: `${category}: ${content}` });
      },
      delegate: {
        onInvite: (invitation) => {
          follow(invitation);
          tell("invite", { from: invitation.remoteIdentity.uri.toString() });
        },
      },
    });
    await audio.resume();
    await agent.start();
    const registerer = new Registerer(agent);
    const registered = new Promise((resolve) => {
      registerer.stateChange.addListener((state) => {
        if (state === RegistererState.Registered) resolve();
      });
    });
    await registerer.register();
    await registered;
  },

  /** Call somebody; what becomes of it is told as `answer`, with its status. */
  async call(target) {
    const inviter = new Inviter(agent, uri(target));
    follow(inviter);
    const done = (response) => tell("answer", { status: response.message.statusCode });
    await inviter.invite({ requestDelegate: { onAccept: done, onReject: done } });
  },

  /** From now on replace what fits a regular expression in the session descriptions sent. */
  rewrite(from, to) {
    rewriting = { from: new RegExp(from), to };
  },

  /** Send back what is heard, in place of the tone. */
  echo() {
    voice.say(ear);
  },

  /** Send silence in place of the tone. */
  mute() {
    voice.hush();
  },

  async answer() {
    await session.accept();
  },

  async reject(statusCode) {
    await session.reject({ statusCode });
  },

  async hangUp() {
    await (session.state === SessionState.Established ? session.bye() : session.cancel());
  },

  /** Hold the other side, or take it back; SIP.js leaves silence while held to us. Its status. */
  hold(on) {
    session.sessionDescriptionHandler.enableSenderTracks(!on);
    session.sessionDescriptionHandlerOptionsReInvite = { hold: on };
    return status((options) => session.invite(options));
  },

  /** Offer new ICE credentials and candidates; the status. */
  restartIce: () =>
    status((options) =>
      session.invite({
        ...options,
        sessionDescriptionHandlerOptions: { offerOptions: { iceRestart: true } },
      }),
    ),

  /** Ask the other side to call `target`; what it tells of that is told as `notify`. */
  refer: (target) =>
    status((options) =>
      session.refer(uri(target), {
        ...options,
        onNotify: (notification) => {
          notification.accept();
          tell("notify", { body: notification.request.body });
        },
      }),
    ),

  /** Send digits in RTP (RFC 4733). */
  dial(digits) {
    session.sessionDescriptionHandler.sendDtmf(digits, { duration: 100 });
  },

  /** Send a digit in an INFO; the status. */
  dialByInfo: (digit) =>
    status((options) =>
      session.info({
        ...options,
        requestOptions: {
          body: {
            contentDisposition: "render",
            contentType: "application/dtmf-relay",
            content: `Signal=${digit}\r\nDuration=100`,
          },
        },
      }),
    ),

  /** The strongest frequency just heard, in Hz, and the level, in dBFS. */
  hear: () => ear.hear(),

  /** The candidate pair in use and the codec heard, from WebRTC's statistics. */
  async path() {
    const stats = await session.sessionDescriptionHandler.peerConnection.getStats();
    const all = [...stats.values()];
    const transport = all.find((one) => one.type === "transport");
    const pair = transport // Firefox has none, and marks the pair
      ? stats.get(transport.selectedCandidatePairId)
      : all.find((one) => one.type === "candidate-pair" && one.selected);
    const sound = all.find((one) => one.type === "inbound-rtp" && one.kind === "audio");
    const shown = (id) => {
      const { candidateType, protocol, address, port } = stats.get(id);
      return { type: candidateType, protocol, address, port };
    };
    return {
      local: shown(pair.localCandidateId),
      remote: shown(pair.remoteCandidateId),
      codec: stats.get(sound.codecId).mimeType,
    };
  },
};
tell("ready");
