// The part of adaptivecards' bundle that tests use; the package's own entry point cannot be imported in Node.
declare module 'adaptivecards/dist/adaptivecards.js' {
  interface ParseEvent {
    readonly event: string;
    readonly message: string;
  }
  interface SerializationContext {
    readonly eventCount: number;
    getEventAt(index: number): ParseEvent;
  }
  interface AdaptiveCard {
    parse(json: unknown, context?: SerializationContext): void;
    toJSON(): unknown;
    validateProperties(): { readonly validationEvents: readonly ParseEvent[] };
  }
  const adaptivecards: {
    readonly AdaptiveCard: new () => AdaptiveCard;
    readonly SerializationContext: new (version?: unknown) => SerializationContext;
    readonly Versions: { readonly v1_5: unknown };
  };
  // eslint-disable-next-line no-restricted-syntax -- this is how Node imports the bundle
  export default adaptivecards;
}
