using System.Buffers;
using Coppice.Foundation;

namespace Coppice.Corpus.Quality;

/// <summary>What <see cref="BadWords"/> looks for.</summary>
public sealed record BadWordsOptions
{
    /// <summary>The words by language code, in lower case.</summary>
    public required IReadOnlyDictionary<string, IReadOnlySet<string>> Words { get; init; }

    /// <summary>The language of documents that don't say theirs.</summary>
    public string DefaultLanguage { get; init; } = "en";

    /// <summary>The share of documents with such a word that is kept all the same, chosen by their ids: mC4 keeps some, C4 none.</summary>
    public double KeepFraction { get; init; }

    /// <summary>Reads lists, one file for each language; the file's name without its ending is the language's code, as in the LDNOOBW lists.</summary>
    /// <param name="paths">The files.</param>
    /// <exception cref="CoppiceException">A file can't be read or is empty.</exception>
    public static IReadOnlyDictionary<string, IReadOnlySet<string>> Read(IReadOnlyList<string> paths)
    {
        var words = new Dictionary<string, IReadOnlySet<string>>();
        foreach (var path in paths)
        {
            if (!words.TryAdd(Path.GetFileNameWithoutExtension(path).ToLowerInvariant(), WordList.Read([path])))
            {
                throw CoppiceException.Usage($"bad-words: {path}: there are two files for this language: give each language one.");
            }
        }

        return words;
    }
}

/// <summary>
/// Drops documents with a word of a list, as C4 does: the word must stand between characters that are not part of words, except in Japanese, Thai and Chinese, which are written
/// without spaces. The lists are the user's; of the usual ones a few entries that are ordinary words are left out, as C4 does (Japanese グロ, 女の子, sm; Chinese 性).
/// </summary>
/// <param name="options">The lists.</param>
[Technique("bad-words", Title = "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer", Paper = "arXiv:1910.10683")]
public sealed class BadWords(BadWordsOptions options) : IDocumentStep
{
    private static readonly string[] WithoutSpaces = ["ja", "th", "zh"];
    private static readonly Dictionary<string, string[]> Ordinary = new() { ["ja"] = ["sm", "グロ", "女の子"], ["zh"] = ["性"] };
    private readonly Dictionary<string, Matcher> _matchers = options.Words.ToDictionary(list => list.Key, list => new Matcher(list.Key, list.Value));

    /// <inheritdoc/>
    public string Name => "bad-words";

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin() => document =>
    {
        var language = document.Language ?? options.DefaultLanguage;
        if (!_matchers.TryGetValue(language, out var matcher) || !matcher.IsIn(document.Text)) return StepResult.Keep(document);
        // By the id, so that the same documents stay whatever the order.
        var isSpared = CounterRandom.Unit(TextHash.Of(document.Id)) < options.KeepFraction;
        return isSpared ? StepResult.Keep(document) : StepResult.Drop("word of the list of bad words");
    };

    private sealed class Matcher
    {
        private readonly SearchValues<string> _words;
        private readonly ILookup<char, string> _byFirst;
        private readonly bool _mustStandAlone;

        public Matcher(string language, IReadOnlySet<string> words)
        {
            string[] kept = [.. words.Except(Ordinary.GetValueOrDefault(language) ?? [])];
            _words = SearchValues.Create(kept, StringComparison.OrdinalIgnoreCase);
            _byFirst = kept.ToLookup(word => char.ToUpperInvariant(word[0]));
            _mustStandAlone = !WithoutSpaces.Contains(language);
        }

        public bool IsIn(ReadOnlySpan<char> text)
        {
            for (var i = 0; i < text.Length; i++)
            {
                var next = text[i..].IndexOfAny(_words);
                if (next < 0) return false;
                i += next;
                if (!_mustStandAlone) return true;
                if (i > 0 && IsWord(text[i - 1])) continue;
                foreach (var word in _byFirst[char.ToUpperInvariant(text[i])])
                {
                    var end = i + word.Length;
                    if (text[i..].StartsWith(word, StringComparison.OrdinalIgnoreCase) && (end == text.Length || !IsWord(text[end]))) return true;
                }
            }

            return false;
        }

        private static bool IsWord(char unit) => char.IsLetterOrDigit(unit) || unit == '_';
    }
}
