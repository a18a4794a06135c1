/** Adds IndexedDB, which neither Node nor jsdom has. */

import "fake-indexeddb/auto";
