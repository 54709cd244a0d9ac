/** What the pages about shows, venues and templates say, in English. */
import type { Said } from '../../words/zh-CN.ts';
import type zh from './catalogue.zh-CN.ts';

const en: Said<typeof zh> = {
  save: 'Save',
  saved: 'Saved',
  remove: 'Delete',
  removed: 'Deleted',
  required: 'required',
  changed: 'Last change',
  choose: 'Choose one',
  searchIn: 'Search: {list}',
  searchHint: 'Part of a name',
  noneFound: 'Nothing found for “{q}”',
  removeTitle: 'Delete “{name}”?',
  removeSays: {
    shows: 'Buyers will no longer see the show. A show that still has sessions stays.',
    venues: 'No session can be made here any more. A venue with seat templates or sessions stays.',
    'seat-templates':
      'No session can be made from it, and its versions are gone. One that a session uses stays.',
    sessions: 'Only a draft can be deleted. It does not come back.',
  },
  usedBy: {
    all: 'Still used by: {names}',
    session: 'the session of {at} ({id})',
    'seat-template': 'the seat template “{name}”',
  },
  shows: {
    title: 'Shows',
    lead: 'All the shows you manage',
    new: 'New show',
    search: 'Title or artist',
    none: 'There is no show yet: make one first.',
  },
  show: {
    title: 'Title (Chinese)',
    titleEn: 'Title (English)',
    artist: 'Artist (Chinese)',
    artistEn: 'Artist (English)',
    category: 'Category',
    city: 'City',
    description: 'Description (Chinese)',
    descriptionEn: 'Description (English)',
    sessions: 'Sessions',
    newSession: 'New session',
    noSessions: 'There is no session yet.',
  },
  session: {
    starts: 'Starts',
    opens: 'Sale opens',
    closes: 'Sale closes',
    seats: 'Seats',
    stage: 'Stage',
    do: 'Action',
    terms: 'Terms',
  },
  stage: { DRAFT: 'Draft', FROZEN: 'Frozen, not yet published', PUBLISHED: 'Published' },
  venues: {
    title: 'Venues',
    lead: 'All the venues you manage',
    new: 'New venue',
    search: 'Name or city',
    none: 'There is no venue yet: make one first.',
  },
  venue: {
    name: 'Name (Chinese)',
    nameEn: 'Name (English)',
    city: 'City',
    address: 'Address',
    timeZone: 'Time zone',
    templates: 'Seat templates',
    noTemplates: 'The venue has no seat template yet.',
    import: 'Import a plan',
  },
  template: { name: 'Name', seats: 'Seats' },
};

export default en;
