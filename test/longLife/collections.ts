// Collections that are fields of long-living classes, each with what keeps it from growing without end. A new one has
// to be named here; docs/limits.md has the bounds under "What grows".

/** What keeps a collection small, by `file #field`. */
type Bounds = Readonly<Record<string, string>>;

const withRequest = 'RequestMemory: goes with its request, which the store keeps for 30 days';
const underWay = 'what is under way at this moment; removed when it ends';
const recent = 'a RecentMap: the oldest entry goes';
const configured = 'one for each chat, worker, kind of call, method or listener';
const once = 'of an object that lives for one call, one start or one run of a program';
const aMinute = 'swept of what is idle, once there are many';

export const collections: Bounds = {
  'adapters/config/environment.ts #problems': once,
  'adapters/config/environment.ts #warnings': once,
  'adapters/config/policyEntries.ts #problems': once,
  'adapters/console/chat.ts #listeners': 'one for each open page',
  'adapters/console/chat.ts #messages': 'kept: 500 messages',
  'adapters/console/stream.ts #open': 'one for each open page',
  'adapters/defender/readings.ts #last': recent,
  'adapters/defender/readings.ts #strange': '100 words',
  'adapters/deliveries/deliveries.ts #accounts': aMinute,
  'adapters/deliveries/deliveries.ts #left': 'what an earlier process left; taken at the start',
  'adapters/deliveries/deliveries.ts #seen': 'remembered: six hours; swept after every 5,000',
  'adapters/deliveries/deliveries.ts #unanswered': 'what has no answer yet',
  'adapters/deliveries/ledger.ts #owed': 'marks that the disk has not taken yet; one for each delivery',
  'adapters/deliveries/ledger.ts #unsynced': 'since the last sync',
  'adapters/deliveries/ledger.ts #waiting': underWay,
  'adapters/entra/msalTokens.ts #running': underWay,
  'adapters/http/listen.ts #held': 'open connections, of which there are only so many',
  'adapters/http/metrics.ts #undrawn': recent,
  'adapters/lastKnown.ts #answers': recent,
  'adapters/outbound/waitingLine.ts #waiting': underWay,
  'adapters/rationedLog.ts #windows': configured,
  'adapters/slack/identity/channels.ts #learned': recent,
  'adapters/slack/identity/channels.ts #own': recent,
  'adapters/slack/inbound/guard.ts #seen': 'signatureMemory: ten minutes; swept after 5,000 lines',
  'adapters/slack/inbound/intake.ts #underWay': underWay,
  'adapters/slack/outbound/chat.ts #bare': recent,
  'adapters/slack/outbound/chat.ts #closed': recent,
  'adapters/slack/outbound/staleCards.ts #marking': underWay,
  'adapters/slack/outbound/staleCards.ts #sweeps': underWay,
  'adapters/slack/outbound/webApi.ts #posts': aMinute,
  'adapters/slack/outbound/webApi.ts #stalls': configured,
  'adapters/store/audit/compare.ts #found': once,
  'adapters/store/audit/compare.ts #onDevice': once,
  'adapters/store/audit/compare.ts #own': once,
  'adapters/store/audit/compare.ts #ownApps': once,
  'adapters/store/audit/compare.ts #twice': once,
  'adapters/store/audit/compare.ts #unseen': once,
  'adapters/store/audit/records.ts #known': once,
  'adapters/store/audit/records.ts #locals': once,
  'adapters/store/audit/records.ts #records': once,
  'adapters/store/callCounts.ts #made': 'an hour',
  'adapters/store/callCounts.ts #since': configured,
  'adapters/store/journal/people.ts #byPerson': 'everybody the record speaks of',
  'adapters/store/journal/people.ts #byWho': 'everybody the record speaks of',
  'adapters/store/journal/people.ts #pending': 'until the next flush',
  'adapters/store/journal/people.ts #words': 'everybody the record speaks of',
  'adapters/store/journal/requestStore.ts #listeners': configured,
  'adapters/store/journal/sealing.ts #boxes': once,
  'adapters/store/projection.ts #learned': 'one of each kind for each tenant',
  'adapters/store/projection.ts #times': 'two hours; swept at twice as many and 1,000',
  'adapters/store/projection.ts #open': 'open requests; pending bounds those that wait for approval',
  'adapters/store/projection.ts #origins': 'two for each kept request',
  'adapters/store/projection.ts #requests': 'keepMs and keepMost: 30 days, 10,000 ended ones',
  'adapters/teams/identity/conversations.ts #people': recent,
  'adapters/teams/identity/conversations.ts #places': recent,
  'adapters/teams/identity/threads.ts #asked': recent,
  'adapters/teams/identity/threads.ts #running': underWay,
  'adapters/teams/inbound/presses.ts #answers': recent,
  'adapters/teams/inbound/turnReplies.ts #underWay': underWay,
  'adapters/teams/outbound/cardUpdates.ts #flying': underWay,
  'adapters/teams/outbound/cardUpdates.ts #last': 'two seconds; swept above 5,000',
  'adapters/teams/outbound/cardUpdates.ts #waiting': underWay,
  'adapters/teams/outbound/chat.ts #bare': recent,
  'adapters/teams/outbound/connector.ts #clients':
    'one for each address of the connector in a verified token',
  'adapters/teams/outbound/conversationLines.ts #lines': 'beyond a thousand swept of what is idle',
  'adapters/teams/outbound/connectorRates.ts #calls': 'swept of what is idle with each new conversation',
  'adapters/teams/outbound/connectorRates.ts #closed': 'swept of what is over with each new conversation',
  'app/chats.ts #streams': configured,
  'app/policyReload.ts #unwritten': 'changes of the policy file while the journal cannot be written',
  'app/policyReload.ts #warned': 'places of the policy file',
  'app/shutdown.ts #steps': configured,
  'bot/commands/text.ts #repairs': once,
  'bot/commands/text.ts #words': once,
  'bot/handlers/refusalJournal.ts #written': recent,
  'bot/handlers/requests/askQueue.ts #line': 'mostInLine: 200',
  'bot/workers/cards/announcements.ts #afterwards': 'one for each topic',
  'bot/workers/cards/announcements.ts #flights': underWay,
  'bot/workers/cards/announcements.ts #waiting': 'one for each topic and place, given up after an hour',
  'bot/workers/cards/cardCalls.ts #refusedNotes': withRequest,
  'bot/workers/cards/cardCalls.ts #unwritten': withRequest,
  'bot/workers/cards/cardSync.ts #flights': underWay,
  'bot/workers/cards/cardSync.ts #marks': withRequest,
  'bot/workers/cards/cardSync.ts #redraw': withRequest,
  'bot/workers/cards/cardSync.ts #shownPlace': withRequest,
  'bot/workers/cards/cardSync.ts #silent': configured,
  'bot/workers/cards/cardSync.ts #touched': withRequest,
  'bot/workers/cards/cardViews.ts #texts': recent,
  'bot/workers/cards/closedPlaces.ts #asking': underWay,
  'bot/workers/cards/closedPlaces.ts #listeners': configured,
  'bot/workers/cards/closedPlaces.ts #states': 'places that are closed and have a card to be drawn',
  'bot/workers/cards/closedPlaces.ts #taken': recent,
  'bot/workers/cards/closedPlaces.ts #told': recent,
  'bot/workers/cards/closedPlaces.ts #troubles': withRequest,
  'bot/workers/cards/outageNotices.ts #entries': 'cards that cannot be drawn, until an hour after the end',
  'bot/workers/cards/outageNotices.ts #flights': underWay,
  'bot/workers/cards/outageNotices.ts #rests': 'emptied with the last entry',
  'bot/workers/crew.ts #workers': configured,
  'bot/workers/reads/keptOutput.ts #links': 'while links live; dead ones go when the next is put',
  'bot/workers/requestMemory.ts #parts': configured,
  'bot/workers/requests/judging.ts #byDevice': withRequest,
  'bot/workers/requests/redaction.ts #due': withRequest,
  'bot/workers/requests/redaction.ts #reasonsSeen': withRequest,
  'bot/workers/requests/redaction.ts #touched': withRequest,
  'bot/workers/sessions/admission.ts #deferrals': withRequest,
  'bot/workers/sessions/admission.ts #pausedUntil': withRequest,
  'bot/workers/sessions/cardLinks.ts #linked': withRequest,
  'bot/workers/sessions/cardLinks.ts #offered': withRequest,
  'bot/workers/sessions/following.ts #misses': 'running sessions',
  'bot/workers/sessions/following.ts #warned': 'mostWarned: 100 words',
  'bot/workers/sessions/reconciliation.ts #lookedAt': withRequest,
  'bot/workers/sessions/reconciliation.ts #notBefore': withRequest,
  'bot/workers/sessions/reconciliation.ts #triedAt': withRequest,
  'bot/workers/sessions/reconciliation.ts #watched': withRequest,
  'bot/workers/sessions/results.ts #touched': withRequest,
  'bot/workers/sessions/results.ts #tries': withRequest,
  'bot/workers/sessions/submission.ts #inFlight': underWay,
  'bot/workers/sessions/submission.ts #reserved': underWay,
  'bot/workers/sessions/tenantLearning.ts #ended': 'emptied by each pass',
  'bot/workers/sessions/tenantLearning.ts #found': 'two kinds of facts for each tenant',
  'bot/workers/transition.ts #known': recent,
  'bot/workers/upkeep/defenderProbe.ts #again': configured,
  'bot/workers/upkeep/defenderProbe.ts #failed': configured,
  'bot/workers/upkeep/defenderWatch.ts #listeners': configured,
  'bot/workers/upkeep/defenderWatch.ts #failing': configured,
  'liveResponse/pacing/callRates.ts #until': configured,
  'liveResponse/pacing/sharedReadings.ts #lines': 'a RecentMap of as many as its owner says',
  'liveResponse/pacing/slidingWindow.ts #times': 'twice the limit of calls',
};

/** What was said of each with these words has to be so in the source. */
export const words = { withRequest, recent } as const;

const declared =
  /^\s+(?:readonly )?(#\w+)(?:: [^=;]+)? = (?:new (?:Map|Set|RecentMap)\b|\[\])|^\s+(?:readonly )?(#\w+): (?:readonly )?(?:.*\[\]|(?:Map|Set|RecentMap)<.*>)(?: = \[\])?;$/gm;

/** Collections that are private fields in a source text. */
export function collectionsIn(text: string): readonly string[] {
  return [...text.matchAll(declared)].flatMap(([whole, made, typed]) => {
    const name = made ?? typed;
    // An array that is given in and never added to is no collection of its own.
    return name === undefined || (typed !== undefined && /readonly #\w+: readonly/.test(whole)) ? [] : [name];
  });
}
