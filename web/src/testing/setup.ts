/** What jsdom lacks and the client needs. */

import "fake-indexeddb/auto";
