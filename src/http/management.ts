/** What the REST routes need of the hub; the composition root implements it. */
export interface Management {
  /** The body of `GET /api/health`. */
  health(): object;
}
