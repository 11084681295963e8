"""What a proof bundle shows and what it does not, in the words that travel with it."""

LIMITS = (
    "This is a statement of notification. It shows that the listed facts were written down as they stand here, in "
    "this order, and that nothing in them was changed since the signed checkpoint. It is no proof of delivery of the "
    "letter: the notices it speaks of inform only, and the paper notice stays the one that counts.\n"
    "What a fact shows depends on its grade: 0, our own record; 1, a provider or mail server took the message over; "
    "2, a provider's report; 3, a handset's report; 4, a mail server's signed report; 5, an act of the person. A "
    "report signed with a key that we share with the provider proves nothing to others.\n"
    "That no further fact exists follows only from the statement of completeness, and only for those who bring the "
    "key that signed it. Facts counted as pending are not part of the proof.\n"
    "Times in facts are those of our clock. A checkpoint without a cosignature or a time stamp shows order, not time."
)
