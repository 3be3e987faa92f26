import { Announcements } from './announcements.ts';
import { CameraPicture } from './camera-picture.ts';
import { type Connection, connect, type Login } from './connection.ts';
import { renderControls, wireControls } from './controls.ts';
import { wireLogin } from './login-dialog.ts';
import { renderConversation } from './render-conversation.ts';
import { renderDevices } from './render-devices.ts';
import { renderHeader } from './render-header.ts';
import { renderServices } from './render-services.ts';
import { type DashboardAccount, type DashboardEvent, INITIAL_STATE, next } from './state.ts';

interface Guest extends Login {
  topicPrefix: string;
}

/** Ages and running times move on without any event. */
const TICK_MS = 250;
const RETRY_MS = 1_000;

let state = INITIAL_STATE;
let connection: Connection | undefined;
let renderDue = false;
const camera = new CameraPicture();
const announcements = new Announcements();

function render(): void {
  renderDue = false;
  const nowMs = Date.now();
  renderHeader(state, nowMs);
  renderConversation(state, nowMs);
  renderDevices(state, nowMs);
  renderControls(state);
  renderServices(state, nowMs);
  camera.renderNote(state.account === 'operator', nowMs);
}

function happened(event: DashboardEvent): void {
  state = next(state, event);
  announcements.consider(state, event, Date.now());
  if (renderDue) return;
  renderDue = true;
  requestAnimationFrame(render);
}

async function guestLogin(): Promise<Guest> {
  for (;;) {
    try {
      const response = await fetch('guest.json');
      if (response.ok) return (await response.json()) as Guest;
    } catch {
      happened({ kind: 'linkChanged', link: 'lost', atMs: Date.now() });
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

const guest = await guestLogin();

function connectAs(account: DashboardAccount, login: Login): void {
  const attempt = connect({
    login,
    account,
    topicPrefix: guest.topicPrefix,
    onEvent(event) {
      if (event.kind === 'linkChanged' && event.link === 'open' && connection !== attempt) {
        connection?.close();
        connection = attempt;
        dialog.done(account === 'operator');
        camera.clear();
        happened({ kind: 'loggedIn', account, atMs: Date.now() });
      }
      if (connection === attempt || connection === undefined) happened(event);
    },
    onFrame: (jpeg) => camera.show(jpeg),
    onRefused() {
      attempt.close();
      dialog.refused();
    },
  });
}

const dialog = wireLogin({
  logIn: (login) => connectAs('operator', login),
  logOut: () => connectAs('guest', guest),
});
wireControls(
  () => state,
  (channel, payload) => connection?.send(channel, payload),
);
connectAs('guest', guest);
setInterval(render, TICK_MS);
render();
