using System.Buffers;
using Coppice.Foundation;

namespace Coppice.Corpus.Language;

/// <summary>
/// Tells the language of a text, in two stages: by its script, then, where several languages share it, by naive Bayes over hashed character n-grams and words.
/// Upper case, line breaks, digits, punctuation and addresses make no difference.
/// </summary>
/// <remarks>
/// Thread-safe. Naive Bayes and not logistic regression because of the size of the training data: with 700 sentences a language it was right on 97.9 % of
/// other sentences and regression on the same features on 96.4 %. Its scores are made probabilities by a temperature that depends on the number of features, fitted
/// on text that the weights had not seen.
/// </remarks>
[Technique("n-gram-language-identification", Title = "langid.py: An Off-the-shelf Language Identification Tool", Paper = "aclanthology:P12-3005")]
public sealed class LanguageIdentifier
{
    /// <summary>What the language of a text without letters, or in a script that the model does not know, is called (ISO 639-2).</summary>
    public const string Undetermined = "und";

    /// <summary>How many UTF-16 units of a text are looked at, from its beginning. Of a document, see <see cref="DocumentLanguage"/>.</summary>
    public const int LongestText = 4096;

    private const int SmallGroup = 256;
    private static readonly SearchValues<string> s_addressMarks = SearchValues.Create(["://", "www.", "@"], StringComparison.OrdinalIgnoreCase);
    private static readonly Lazy<LanguageIdentifier> s_default = new(LanguageModelFile.LoadDefault);
    private readonly ScriptGroup?[] _groups;

    internal LanguageIdentifier(string[] languages, double step, Temperature temperature, IReadOnlyList<ScriptGroup> groups)
    {
        (Languages, Step, Temperature, Groups) = (languages, step, temperature, groups);
        _groups = new ScriptGroup?[Scripts.Count];
        foreach (var group in groups) _groups[group.Script] = group;
    }

    /// <summary>
    /// The model that comes with Coppice: 75 languages. <c>experiments/languages.cs</c> makes it, from nine tenths of the sentences that lingua is tested with (Apache-2.0),
    /// and says how good it is on the others. Malay and Indonesian, Bosnian and Croatian are the hardest to tell apart.
    /// </summary>
    public static LanguageIdentifier Default => s_default.Value;

    /// <summary>The codes of the languages that the model knows, as its training data named them.</summary>
    public IReadOnlyList<string> Languages { get; }

    internal double Step { get; }

    internal Temperature Temperature { get; }

    internal IReadOnlyList<ScriptGroup> Groups { get; }

    /// <summary>Reads a model.</summary>
    /// <param name="path">A file that <see cref="Save"/> wrote.</param>
    /// <exception cref="CoppiceException">The file can't be read, is damaged or is no language model.</exception>
    public static LanguageIdentifier Load(string path) => LanguageModelFile.Load(path);

    /// <summary>Writes the model into one file, checksum included.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <exception cref="CoppiceException">The file can't be written.</exception>
    public void Save(string path) => LanguageModelFile.Save(this, path);

    /// <summary>Tells the language of a sentence or paragraph.</summary>
    /// <param name="text">The text; no more than <see cref="LongestText"/> of it is looked at.</param>
    public LanguageGuess Identify(ReadOnlySpan<char> text)
    {
        Span<double> probabilities = stackalloc double[SmallGroup];
        probabilities = Languages.Count <= SmallGroup ? probabilities[..Languages.Count] : new double[Languages.Count];
        if (Probabilities(text, probabilities) == 0) return new(Undetermined, 0);
        var best = 0;
        for (var i = 1; i < probabilities.Length; i++)
        {
            if (probabilities[i] > probabilities[best]) best = i;
        }

        return new(Languages[best], probabilities[best]);
    }

    /// <summary>The probability of each language. All are 0 where the text has no letters of a script that the model knows.</summary>
    /// <param name="text">The text; no more than <see cref="LongestText"/> of it is looked at.</param>
    /// <param name="probabilities">[languages]: takes the probabilities.</param>
    /// <returns>How many letters they rest on: those of the script that has the most.</returns>
    public int Probabilities(ReadOnlySpan<char> text, Span<double> probabilities)
    {
        if (probabilities.Length != Languages.Count) throw new ArgumentException($"There are {Languages.Count} languages, not {probabilities.Length}.", nameof(probabilities));
        probabilities.Clear();
        text = text[..Math.Min(text.Length, LongestText)];
        Span<char> symbols = stackalloc char[text.Length + 2];
        symbols = Fold(text, symbols, out var script, out var letters);
        if (letters == 0 || _groups[script] is not { } group) return 0;
        Span<int> scores = stackalloc int[SmallGroup];
        scores = group.Languages.Length <= SmallGroup ? scores[..group.Languages.Length] : new int[group.Languages.Length];
        var features = group.Score(symbols, scores);
        var scale = Step * Temperature.At(features);
        var (largest, sum) = (int.MinValue, 0.0);
        foreach (var score in scores) largest = Math.Max(largest, score);
        for (var i = 0; i < scores.Length; i++) sum += probabilities[group.Languages[i]] = Math.Exp((scores[i] - largest) * scale);
        foreach (var language in group.Languages) probabilities[language] /= sum;
        return letters;
    }

    /// <summary>Folds a text to the symbols of the script that has the most letters in it, the first of the list among equals.</summary>
    internal static Span<char> Fold(ReadOnlySpan<char> text, Span<char> symbols, out int script, out int letters)
    {
        Span<int> counts = stackalloc int[Scripts.Count];
        int length;
        if (text.IndexOfAny(s_addressMarks) >= 0)
        {
            Span<char> copy = stackalloc char[text.Length];
            text.CopyTo(copy);
            BlankAddresses(copy);
            length = Letters.Fold(copy, symbols, counts);
        }
        else
        {
            length = Letters.Fold(text, symbols, counts);
        }

        (script, letters) = (0, 0);
        var scripts = 0;
        for (var i = 0; i < counts.Length; i++)
        {
            if (counts[i] > 0) scripts++;
            if (counts[i] > letters) (script, letters) = (i, counts[i]);
        }

        symbols = symbols[..length];
        return scripts > 1 ? symbols[..Letters.KeepScript(symbols, script)] : symbols;
    }

    // Addresses of pages and mail boxes have no language. They are ASCII: text around them that isn't stays.
    private static void BlankAddresses(Span<char> text)
    {
        for (var start = 0; ;)
        {
            var mark = text[start..].IndexOfAny(s_addressMarks);
            if (mark < 0) return;
            var (first, end) = (start + mark, start + mark + 1);
            while (first > start && text[first - 1] is > ' ' and < '\u007F') first--;
            while (end < text.Length && text[end] is > ' ' and < '\u007F') end++;
            text[first..end].Fill(Letters.Space);
            start = end;
        }
    }
}

/// <summary>A text's most probable language.</summary>
/// <param name="Language">Its code, or <see cref="LanguageIdentifier.Undetermined"/>.</param>
/// <param name="Score">Its probability among the languages that the model knows; 0 where it is undetermined.</param>
public readonly record struct LanguageGuess(string Language, double Score);
