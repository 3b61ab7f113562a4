/** A sentence with a space that does not break before : ; ? ! » and after «, as French has it. */
export const withFrenchSpaces = (text: string) => text.replace(/ (?=[:;?!»])|(?<=«) /g, '\u00a0')
