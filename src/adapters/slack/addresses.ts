// Where Slack is called, and where it calls the bot.

/** GovSlack and tests have their own. */
export const publicApi = 'https://slack.com/api/';

/** Deliveries over HTTP come in here. */
export const eventsPath = '/slack/events';
