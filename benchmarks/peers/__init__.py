"""What walletsvc is measured against, each written as a competent user of its libraries would write it."""
