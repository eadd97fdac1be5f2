using System.Text;
using Coppice.Foundation;
using Coppice.Tokenizers.Decoders;
using Coppice.Tokenizers.Models;

namespace Coppice.Tokenizers.Training;

/// <summary>
/// Makes a character tokenizer: one token for each Unicode character of the texts, ids in the order of code points, as in nanoGPT. It is written as a BPE model
/// without merges, which other tools open too. Characters that the texts don't have are left out of a text, unless there is an unknown token;
/// <see cref="Tokenizer.Encode(ReadOnlySpan{char}, List{int}, out long)"/> counts them.
/// </summary>
public static class CharacterTrainer
{
    /// <summary>Makes a tokenizer of the characters of texts.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="specialTokens">Special tokens; they get the first ids.</param>
    /// <param name="unknownToken">The token for characters that the texts don't have, one of the special tokens, or null to leave them out.</param>
    /// <exception cref="CoppiceException">The texts are empty, or the special tokens contradict each other.</exception>
    public static Tokenizer Train(IEnumerable<string> texts, IReadOnlyList<string>? specialTokens = null, string? unknownToken = null)
    {
        var special = specialTokens ?? [];
        if (unknownToken is not null && !special.Contains(unknownToken, StringComparer.Ordinal))
        {
            throw CoppiceException.Usage($"the unknown token '{unknownToken}' must be one of the special tokens");
        }

        var characters = new SortedSet<int>();
        foreach (var text in texts)
        {
            foreach (var rune in text.EnumerateRunes()) characters.Add(rune.Value);
        }

        if (characters.Count == 0) throw new CoppiceException("there is no text to make a character tokenizer of");
        var tokens = special.Concat(characters.Select(value => new Rune(value).ToString()).Except(special)).ToList();
        var vocabulary = new Vocabulary(tokens.Select((token, id) => KeyValuePair.Create(token, id)).ToList());
        return new Tokenizer(new TokenizerParts
        {
            Model = new BpeModel(vocabulary, [], new BpeOptions { UnknownToken = unknownToken }),
            AddedTokens = special.Select((token, id) => new AddedToken(id, token)).ToList(),
            Decoder = new FuseDecoder(),
        });
    }
}
