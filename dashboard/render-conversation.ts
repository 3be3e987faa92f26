import { create, element, setText } from './elements.ts';
import { duration } from './format.ts';
import type { DashboardState, TurnView } from './state.ts';
import { responseMs, timeline } from './turn-timeline.ts';

const LAYER_NAMES = ['0 safety', '1 reflex', '2 thinker', '3 guide'];

/** The turns as a list, newest at the bottom; each turn's element is kept, so a reader's place in it is kept too. */
export function renderConversation(state: DashboardState, nowMs: number): void {
  const list = element('turns', HTMLOListElement);
  element('no-turns', HTMLElement).hidden = state.turns.length > 0;
  const follow = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const wanted = new Set(state.turns.map(({ turn }) => `turn-${turn}`));
  for (const child of [...list.children]) if (!wanted.has(child.id)) child.remove();
  state.turns.forEach((view, index) => {
    const item =
      document.getElementById(`turn-${view.turn}`) ?? list.insertBefore(blank(view), list.children[index] ?? null);
    fill(item, view, nowMs);
  });
  if (follow) list.scrollTop = list.scrollHeight;
}

function blank({ turn }: TurnView): HTMLElement {
  const item = create('li', 'turn');
  item.id = `turn-${turn}`;
  item.append(
    create('p', 'said user'),
    create('p', 'said model'),
    create('div', 'timeline'),
    create('p', 'facts'),
    create('p', 'problem'),
  );
  return item;
}

function fill(item: HTMLElement, view: TurnView, nowMs: number): void {
  const [user, model, bar, facts, problem] = [...item.children] as HTMLElement[];
  if (!user || !model || !bar || !facts || !problem) return;
  const turnState = view.report?.state ?? 'listening';
  item.dataset['state'] = turnState;
  said(user, 'You', view.user?.text, view.user?.final !== false);
  said(model, 'Assistant', view.model?.text, view.model?.final !== false);
  renderBar(bar, view, nowMs);
  setText(facts, factsOf(view).join(' · '));
  const error = view.report?.error;
  problem.hidden = !error;
  setText(problem, error ? `${error.kind}: ${error.message}` : '');
}

function said(target: HTMLElement, who: string, text: string | undefined, final: boolean): void {
  target.hidden = !text;
  target.classList.toggle('unfinished', !final);
  setText(target, text ? `${who}: ${text}` : '');
}

function factsOf(view: TurnView): string[] {
  const { report } = view;
  const felt = responseMs(report?.timings ?? {});
  const heard = report?.heardMs ?? view.playedMs;
  return [
    report?.state ?? '',
    report && report.backend !== 'live' ? `by ${report.backend}` : '',
    felt === undefined ? '' : `answer after ${duration(felt)}`,
    heard ? `heard ${duration(heard)}` : '',
    view.layer === undefined
      ? ''
      : `layer ${LAYER_NAMES[view.layer] ?? view.layer}${view.intent ? ` (${view.intent})` : ''}`,
    `turn ${view.turn}`,
  ].filter((fact) => fact !== '');
}

function renderBar(bar: HTMLElement, { report }: TurnView, nowMs: number): void {
  const over = report?.state === 'done' || report?.state === 'interrupted' || report?.state === 'failed';
  const stretches = timeline(report?.timings ?? {}, nowMs, over);
  const text = stretches.map(({ phase, fromMs, toMs }) => `${phase} ${duration(toMs - fromMs)}`).join(', ');
  bar.hidden = stretches.length === 0;
  bar.setAttribute('role', 'img');
  bar.setAttribute('aria-label', text);
  bar.title = text;
  bar.replaceChildren(
    ...stretches.map(({ phase, fromMs, toMs }) => {
      const piece = create('span', phase);
      piece.style.flexGrow = String(toMs - fromMs);
      return piece;
    }),
  );
}
