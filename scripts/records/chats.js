// Chats of a recording, which remember every card under references as Slack and Teams give them

/** Every object in a tree, parents first. */
function objects(value) {
  if (Array.isArray(value)) return value.flatMap(objects);
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(objects)];
}

/** What each button of a card carries, as the chat sends it back. */
export function buttonsOf(program, surface, view) {
  if (surface === 'slack') {
    const buttons = objects(program.blockKit(view)).filter(
      (one) => one.type === 'button' && one.value !== undefined,
    );
    return buttons.map((one) => ({ label: one.text.text, actionId: one.action_id, value: one.value }));
  }
  const actions = objects(program.adaptiveCard(view)).filter((one) => one.data?.lr !== undefined);
  const carried = actions.map((one) => ({ label: one.title, verb: one.verb, data: one.data }));
  return [...new Map(carried.map((one) => [JSON.stringify(one), one])).values()];
}

/** A chat of that surface. `idOf` gives the reference of its n-th message, posted at that time. */
export function createChat(program, surface, clock, idOf) {
  const cards = new Map();
  let posted = 0;
  const find = (ref) => {
    const card = cards.get(ref.id);
    if (card === undefined) throw new program.ChatError('gone', 'message_not_found');
    return card;
  };
  const chat = {
    surface,
    cards,
    /** While set, every call fails with it. */
    down: undefined,
    check: () => {
      if (chat.down !== undefined) throw chat.down;
    },
    post: async (place, view) => {
      await Promise.resolve();
      chat.check();
      posted += 1;
      const id = idOf(posted, clock.now());
      cards.set(id, { place, id, view });
      return { surface, place, id };
    },
    update: async (ref, view) => {
      await Promise.resolve();
      chat.check();
      find(ref).view = view;
    },
    note: async (ref) => {
      await Promise.resolve();
      chat.check();
      find(ref);
    },
    announce: async () => {
      await Promise.resolve();
      chat.check();
    },
    supersede: async (old) => {
      await Promise.resolve();
      chat.check();
      cards.delete(find(old).id);
    },
    whisper: () => Promise.resolve(),
  };
  return chat;
}

export const slackId = (count, now) => `${Math.floor(now / 1000)}.${String(count).padStart(6, '0')}`;
export const teamsId = (count, now) => `${now + count}`;
