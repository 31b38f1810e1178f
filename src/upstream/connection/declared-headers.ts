import type { Listing } from '../../catalog/index.ts';
import { type HeaderParam, headerParamsOf, type JsonObject, paramHeaders } from '../../protocol/index.ts';

const NONE: readonly HeaderParam[] = [];

/** Which arguments of a server's tools go into headers as well; read out of their schemas once for each listing. */
export class DeclaredHeaders {
  #listing: Listing | undefined;
  #byTool: ReadonlyMap<unknown, readonly HeaderParam[]> = new Map();

  /** The headers of a call. A tool that is not listed declares none, and neither does one with an invalid schema. */
  of(listing: Listing, call: JsonObject | undefined): Readonly<Record<string, string>> | undefined {
    if (listing !== this.#listing) {
      this.#listing = listing;
      this.#byTool = new Map(listing.items.tools.toReversed().map((tool) => [tool['name'], declaredBy(tool['inputSchema'])]));
    }
    const declared = this.#byTool.get(call?.['name']) ?? NONE;
    return declared.length === 0 ? undefined : paramHeaders(declared, call?.['arguments']);
  }
}

function declaredBy(schema: Parameters<typeof headerParamsOf>[0]): readonly HeaderParam[] {
  const declared = headerParamsOf(schema);
  return 'invalid' in declared ? NONE : declared;
}
