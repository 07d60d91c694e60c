"""The journal: facts and intents on disk before anything leaves. Knows no venue and no clock."""
