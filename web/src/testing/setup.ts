/** What neither Node nor jsdom has and the client needs. */

import "fake-indexeddb/auto";
