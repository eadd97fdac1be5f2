using System.Globalization;
using System.Text;
using Coppice.Foundation;
using Coppice.Tokenizers.Models;

namespace Coppice.Tokenizers.Training;

/// <summary>
/// Learns tokens of new text for a BPE tokenizer that exists, by going on where its training ended: the new text is cut and segmented as the tokenizer does it,
/// then the most frequent pair of neighbouring tokens becomes a token, again and again. New ids follow the largest old one, added tokens included; new merges
/// come after all old ones.
/// </summary>
/// <remarks>
/// Why old text stays what it was: no old merge takes or gives a new token, and new merges wait until no old one applies. So a word is merged as before, and
/// only then go new merges on. A pair that spells a token that is there already is passed over, for it would bring that token where it was not.
/// First come characters of the new text that the vocabulary lacks (of a byte-level one: bytes). A tokenizer without merges, one of characters, gets only these.
/// </remarks>
[Technique("vocabulary-extension", Title = "RobBERT-2022: Updating a Dutch Language Model to Account for Evolving Language Use", Paper = "arXiv:2211.08192")]
public sealed class VocabularyExtension
{
    private readonly Tokenizer tokenizer;
    private readonly VocabularyExtensionOptions options;
    private readonly List<string> newTokens = [];
    private readonly List<IReadOnlyList<int>> pieces = [];
    private readonly List<Merge> merges = [];

    private VocabularyExtension(Tokenizer tokenizer, VocabularyExtensionOptions options) => (this.tokenizer, this.options) = (tokenizer, options);

    /// <summary>Makes a tokenizer with more tokens.</summary>
    /// <param name="tokenizer">A tokenizer of the BPE family, which stays as it is.</param>
    /// <param name="texts">The new texts; read once, in order, and not kept.</param>
    /// <param name="options">The options.</param>
    /// <returns>The tokenizer. It has fewer new tokens than asked for where the texts don't give enough that are frequent.</returns>
    /// <exception cref="CoppiceException">The options are wrong, the texts are empty, or the tokenizer can't be extended.</exception>
    /// <exception cref="OperationCanceledException">Stopped by the caller.</exception>
    public static ExtendedTokenizer Extend(Tokenizer tokenizer, IEnumerable<string> texts, VocabularyExtensionOptions options)
    {
        if (options.Tokens < 1) throw CoppiceException.Usage("the number of new tokens must be at least 1");
        if (options.MinFrequency < 1) throw CoppiceException.Usage("the least frequency of a new token must be at least 1");
        if (options.CharacterCoverage is not (> 0 and <= 1)) throw CoppiceException.Usage("the character coverage must be above 0 and at most 1");
        if (tokenizer.Model is not BpeModel { Options.HasAffixes: false } model) throw new CoppiceException("only a tokenizer of the kind BPE, without prefixes or suffixes of symbols, can be given more tokens");
        var counter = new BpeTrainerOptions { Threads = options.Threads, Progress = options.Progress, Cancellation = options.Cancellation };
        var counts = new WordCounter(new TokenizerWords(tokenizer), counter).Count(texts);
        if (counts.Count == 0) throw new CoppiceException("there is no text to learn new tokens from");
        return new VocabularyExtension(tokenizer, options).Extend(model, counts);
    }

    private int FirstNewId => tokenizer.VocabularySize;

    private ExtendedTokenizer Extend(BpeModel model, WordCounts counts)
    {
        foreach (var symbol in MissingSymbols(model, counts).Take(options.Tokens).Order(StringComparer.Ordinal))
        {
            // A byte alone is no text to encode, and one that is missing has no old tokens.
            Add(symbol, model.Options.ByteLevel ? [] : Encode(model, symbol));
        }

        if (model.Merges.Count > 0 || model.Options.ByteLevel) LearnMerges(model.With(NewEntries(), []), counts);
        return new ExtendedTokenizer(Assemble(model), FirstNewId, pieces);
    }

    private void Add(string token, IReadOnlyList<int> oldTokens)
    {
        newTokens.Add(token);
        pieces.Add(oldTokens);
    }

    // The most frequent first.
    private IEnumerable<string> MissingSymbols(BpeModel model, WordCounts counts)
    {
        if (model.Options.ByteLevel)
        {
            var bytes = new long[256];
            for (var word = 0; word < counts.Count; word++)
            {
                foreach (var value in counts.Word(word)) bytes[value] += counts.CountOf(word);
            }

            return Enumerable.Range(0, 256).Where(value => bytes[value] >= options.MinFrequency).OrderByDescending(value => bytes[value])
                .Select(value => ByteAlphabet.ToChar((byte)value).ToString()).Where(symbol => tokenizer.TokenToId(symbol) is null);
        }

        var characters = FrequentCharacters.Count(counts);
        return FrequentCharacters.Covering(characters, model.Merges.Count == 0 ? 1 : options.CharacterCoverage)
            .Where(character => characters[character] >= options.MinFrequency)
            .Select(character => new Rune(character).ToString()).Where(symbol => tokenizer.TokenToId(symbol) is null);
    }

    private void LearnMerges(BpeModel model, WordCounts counts)
    {
        // Each merge takes at least one symbol away, so there can't be more of them than bytes.
        var limit = (int)Math.Min((long)FirstNewId + options.Tokens, (long)FirstNewId + newTokens.Count + counts.ByteCount);
        var merger = new PairMerger(counts, new Segmentation(model).WriteSymbols, limit, maxTokenLength: null);
        var texts = newTokens.ToHashSet(StringComparer.Ordinal);
        while (newTokens.Count < options.Tokens && merger.Next() is { } best && best.Count >= options.MinFrequency)
        {
            options.Cancellation.ThrowIfCancellationRequested();
            var token = TextOf(best.Left) + TextOf(best.Right);
            if (tokenizer.TokenToId(token) is not null || !texts.Add(token)) continue;
            var id = FirstNewId + newTokens.Count;
            Add(token, [.. PiecesOf(best.Left), .. PiecesOf(best.Right)]);
            merges.Add(new Merge(best.Left, best.Right, id));
            merger.Merge(best.Left, best.Right, id);
            if (merges.Count % 1000 == 0) options.Progress?.Invoke(new TrainerProgress("merge", newTokens.Count, options.Tokens));
        }

        options.Progress?.Invoke(new TrainerProgress("merge", newTokens.Count, newTokens.Count));
    }

    private string TextOf(int id) => id < FirstNewId ? tokenizer.IdToToken(id)! : newTokens[id - FirstNewId];

    private IReadOnlyList<int> PiecesOf(int id) => id < FirstNewId ? [id] : pieces[id - FirstNewId];

    private IEnumerable<KeyValuePair<string, int>> NewEntries() => newTokens.Select((token, i) => KeyValuePair.Create(token, FirstNewId + i));

    /// <summary>
    /// Hugging Face's reader numbers an added token that the model lacks after the model's tokens, whatever id the file gives it. So those go into the model's
    /// vocabulary under the ids that they have.
    /// </summary>
    private Tokenizer Assemble(BpeModel model)
    {
        if (newTokens.Count == 0) return tokenizer;
        var moved = tokenizer.Parts.AddedTokens.Where(token => model.TokenToId(token.Content) is null).ToList();
        var grown = model.With([.. moved.Select(token => KeyValuePair.Create(token.Content, token.Id)), .. NewEntries()], merges);
        foreach (var token in moved)
        {
            if (Encode(grown, token.Content).Contains(token.Id))
            {
                throw new CoppiceException(string.Create(CultureInfo.InvariantCulture,
                    $"the tokenizer can't be extended: its added token {Quoted.Text(token.Content)} ({token.Id}) would be found in plain text"));
            }
        }

        return new Tokenizer(tokenizer.Parts with { Model = grown });
    }

    private static List<int> Encode(BpeModel model, string word)
    {
        var ids = new List<int>();
        model.Encode(word, new TokenBuffer(ids));
        return ids;
    }

    /// <summary>Words as the tokens that a model makes of them. The unknown token and bytes that characters fell back to merge with nothing.</summary>
    private sealed class Segmentation
    {
        private readonly BpeModel model;
        private readonly HashSet<int> unmergeable = [];
        private readonly List<int> ids = [];

        public Segmentation(BpeModel model)
        {
            this.model = model;
            if (model.Options.UnknownToken is { } unknown) unmergeable.Add(model.TokenToId(unknown)!.Value);
            if (!model.Options.ByteFallback) return;
            for (var value = 0; value < 256; value++)
            {
                if (model.TokenToId(SymbolTable.ByteToken(value)) is { } id) unmergeable.Add(id);
            }
        }

        public int WriteSymbols(ReadOnlySpan<byte> word, Span<int> symbols)
        {
            ids.Clear();
            model.Encode(Encoding.UTF8.GetString(word), new TokenBuffer(ids));
            for (var i = 0; i < ids.Count; i++) symbols[i] = unmergeable.Contains(ids[i]) ? TrainingAlphabet.NoSymbol : ids[i];
            return ids.Count;
        }
    }
}
