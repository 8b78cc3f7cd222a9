# Sorts words as a dictionary does: "Ärger" stands with "A".
WORDS = %w[Zebra Ärger Apfel Öl Ofen].freeze

def plain(word)
  word.unicode_normalize(:nfd).gsub(/\p{Mn}/, '').downcase
end

puts WORDS.sort_by { |word| plain(word) }.join(', ')
