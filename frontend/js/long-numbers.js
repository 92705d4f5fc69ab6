// A card's number must not go into an address digit by digit while somebody types: fifteen of sixteen digits tell the
// last. What may become one waits for Enter; once it is whole, the server masks it.
export const mayBecomeACard = (text) => /\d(?:[ .-]?\d){9}/.test(text);
