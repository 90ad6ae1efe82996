"""Sufficient statistics of the metrics of music, all of them means."""

NATS_PER_TOKEN = ("nats", "tokens")
ACCURACY = ("hits", "tokens")
ONSET_ACCURACY = ("onset_hits", "onsets")
# Of windows of twice the training's crop, their first half and their second.
NATS_WITHIN = ("nats_within", "tokens_within")
NATS_BEYOND = ("nats_beyond", "tokens_beyond")
# Of continuations: the motifs that return from the primer, from that of a continuation with
# shuffled notes, and from the primers of other pieces.
MOTIF_RETURN = ("motifs_returned", "motifs")
SHUFFLED_MOTIF_RETURN = ("motifs_returned_shuffled", "motifs")
OTHER_MOTIF_RETURN = ("motifs_returned_other", "motifs")
# Attention of the chosen head on earlier occurrences, and at their distances where nothing recurs.
ON_MOTIFS = ("attention_on_motifs", "recurrences")
ON_NO_MOTIFS = ("attention_on_no_motifs", "recurrences")
