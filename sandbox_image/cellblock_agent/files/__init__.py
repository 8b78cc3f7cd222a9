"""Operations on `/mnt/data`: reading, writing, archives and changes."""
