/** What came of asking Redis. Apart from the client, so that its types name no package. */

export interface LinkStatistics {
  /** Questions that were sent. */
  readonly asked: number;
  /** How often the circuit opened. */
  readonly opened: number;
}

export interface RedisStatistics extends LinkStatistics {
  /** Values that were not asked for: Redis was in trouble, or had given less than asking it had cost. */
  readonly spared: number;
  readonly written: number;
  /** Values that were not shared: the queue or Redis was full, or Redis was away. */
  readonly dropped: number;
}
