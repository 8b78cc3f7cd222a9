/* Counts how often each word of a text occurs. Grüße, 世界! */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define MAX_WORDS 64

struct entry {
    char word[32];
    int count;
};

static int find(const struct entry *entries, int used, const char *word) {
    for (int i = 0; i < used; i++)
        if (strcmp(entries[i].word, word) == 0)
            return i;
    return -1;
}

int main(void) {
    struct entry entries[MAX_WORDS];
    char word[32];
    int used = 0;
    while (used < MAX_WORDS && scanf("%31s", word) == 1) {
        int at = find(entries, used, word);
        if (at < 0) {
            strcpy(entries[used].word, word);
            entries[used++].count = 1;
        } else {
            entries[at].count++;
        }
    }
    for (int i = 0; i < used; i++)
        printf("%-31s %d\n", entries[i].word, entries[i].count);
    return 0;
}
