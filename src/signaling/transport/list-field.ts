/**
 * Whether a header that is a list (RFC 9110 section 5.6.1) has that member, which is compared as it stands. It is asked for each connection
 * that comes, so no list is made of it.
 */
export function hasMember(list: string, member: string): boolean {
  for (let from = 0; from <= list.length; ) {
    const comma = list.indexOf(',', from);
    const end = comma < 0 ? list.length : comma;
    if (list.slice(from, end).trim() === member) return true;
    from = end + 1;
  }
  return false;
}
