using Coppice.Foundation;

namespace Coppice.Corpus.Language;

/// <summary>How a language model is made.</summary>
public sealed record LanguageTrainingOptions
{
    /// <summary>Two to this power is the number of buckets that features of a script are hashed into, 8 to 18. The size of the model is in proportion to them.</summary>
    public int BucketBits { get; init; } = 15;

    /// <summary>Added to each count, so that what a language's texts don't hold is not impossible (Lidstone); above 0.</summary>
    public double Smoothing { get; init; } = 0.1;

    /// <summary>Weights are rounded to multiples of this many nats.</summary>
    public double Step { get; init; } = 0.25;

    /// <summary>The least share of a language's texts that a script must have for the language to be looked for in that script.</summary>
    public double MinimumScriptShare { get; init; } = 0.05;
}

/// <summary>
/// Makes a <see cref="LanguageIdentifier"/> from labelled texts, one at a time: texts are counted and forgotten. A tenth of them, up to 200 a language, is first held
/// out to fit the temperature on and counted in the end. The same texts in the same order make the same model.
/// </summary>
/// <remarks>Memory: 8 bytes a bucket, language and script.</remarks>
public sealed class LanguageModelTrainer
{
    private const int MostHeldOut = 200;
    private const int HeldOutEvery = 10;
    private const int LongestCode = 32;

    // Scores are fitted on the beginnings of texts as well: symbols.
    private static readonly int[] s_cuts = [8, 16, 32, LanguageIdentifier.LongestText];

    private readonly LanguageTrainingOptions _options;
    private readonly SortedDictionary<string, LanguageCounts> _languages = new(StringComparer.Ordinal);
    private readonly List<(string Language, string Text)> _heldOut = [];

    /// <summary>Starts without texts.</summary>
    /// <param name="options">How the model is made.</param>
    /// <exception cref="CoppiceException">An option is out of range.</exception>
    public LanguageModelTrainer(LanguageTrainingOptions? options = null)
    {
        _options = options ?? new();
        if (_options.BucketBits is < 8 or > LanguageModelFile.MostBucketBits)
            throw CoppiceException.Usage($"language model: bucket bits are {_options.BucketBits}; give 8 to {LanguageModelFile.MostBucketBits}");
        if (!(_options.Smoothing > 0 && _options.Step > 0 && _options.MinimumScriptShare is >= 0 and <= 1))
            throw CoppiceException.Usage("language model: smoothing and step must be above 0, the minimum share of a script between 0 and 1");
    }

    /// <summary>Learns from a text. One without letters teaches nothing.</summary>
    /// <param name="language">Its language's code, such as <c>de</c>.</param>
    /// <param name="text">A sentence or paragraph; no more than <see cref="LanguageIdentifier.LongestText"/> of it is looked at.</param>
    /// <exception cref="CoppiceException">The code is empty, too long, or means that the language is unknown.</exception>
    public void Add(string language, string text)
    {
        if (language.Length is 0 or > LongestCode || language == LanguageIdentifier.Undetermined)
            throw new CoppiceException($"language model: '{language}' can't be a language's code; name languages by codes such as de, of at most {LongestCode} characters");
        if (!_languages.TryGetValue(language, out var counts))
        {
            if (_languages.Count == LanguageModelFile.MostLanguages) throw new CoppiceException($"language model: more than {LanguageModelFile.MostLanguages} languages");
            _languages[language] = counts = new LanguageCounts(_options.BucketBits);
        }

        var place = counts.Given++;
        if (place % HeldOutEvery == HeldOutEvery - 1 && place / HeldOutEvery < MostHeldOut) _heldOut.Add((language, text));
        else counts.Add(text);
    }

    /// <summary>Makes the model of what was added.</summary>
    /// <exception cref="CoppiceException">No text had letters.</exception>
    public LanguageIdentifier Train()
    {
        var temperature = Temperature.Usual;
        if (_heldOut.Count > 0 && _languages.Values.Any(counts => counts.Texts > 0))
        {
            temperature = Temperature.Fit([.. Examples(Build(temperature))]);
            foreach (var (language, text) in _heldOut) _languages[language].Add(text);
            _heldOut.Clear();
        }

        return Build(temperature);
    }

    private LanguageIdentifier Build(Temperature temperature)
    {
        string[] languages = [.. _languages.Where(language => language.Value.Texts > 0).Select(language => language.Key)];
        if (languages.Length == 0) throw new CoppiceException("language model: no text with letters to learn from; give texts with their languages");
        var groups = new List<ScriptGroup>();
        for (var script = 0; script < Scripts.Count; script++)
        {
            int[] members = [.. Enumerable.Range(0, languages.Length).Where(i => IsIn(script, _languages[languages[i]]))];
            if (members.Length == 0) continue;
            groups.Add(new ScriptGroup(script, members, _options.BucketBits, Weights([.. members.Select(i => _languages[languages[i]].Of(script))])));
        }

        return new LanguageIdentifier(languages, _options.Step, temperature, groups);
    }

    private bool IsIn(int script, LanguageCounts language) => language.ShareOf(script) is var share && share > 0 && share >= _options.MinimumScriptShare;

    // [languages, buckets].
    private sbyte[] Weights(long[][] counts)
    {
        if (counts.Length == 1) return [];
        var buckets = 1 << _options.BucketBits;
        double[] totals = [.. counts.Select(language => Math.Log(language.Sum() + _options.Smoothing * buckets))];
        var weights = new sbyte[counts.Length * buckets];
        var logs = new double[counts.Length];
        for (var bucket = 0; bucket < buckets; bucket++)
        {
            for (var i = 0; i < logs.Length; i++) logs[i] = Math.Log(counts[i][bucket] + _options.Smoothing) - totals[i];
            var mean = logs.Average();
            for (var i = 0; i < logs.Length; i++)
                weights[i * buckets + bucket] = (sbyte)Math.Clamp(Math.Round((logs[i] - mean) / _options.Step), -ScriptGroup.LargestWeight, ScriptGroup.LargestWeight);
        }

        return weights;
    }

    private IEnumerable<Temperature.Example> Examples(LanguageIdentifier model)
    {
        var buffer = new char[LanguageIdentifier.LongestText + 2];
        foreach (var (language, text) in _heldOut)
        {
            var symbols = LanguageIdentifier.Fold(text.AsSpan(0, Math.Min(text.Length, LanguageIdentifier.LongestText)), buffer, out var script, out var letters).ToArray();
            var group = model.Groups.FirstOrDefault(group => group.Script == script);
            var right = group is null ? -1 : Array.FindIndex(group.Languages, i => model.Languages[i] == language);
            if (letters == 0 || right < 0 || group!.Languages.Length == 1) continue;
            foreach (var cut in s_cuts)
            {
                // At the end of a word.
                var end = cut < symbols.Length ? Array.IndexOf(symbols, Letters.Space, cut) + 1 : symbols.Length;
                var scores = new int[group.Languages.Length];
                var features = group.Score(symbols.AsSpan(0, end), scores);
                yield return new([.. scores.Select(score => (float)(score * _options.Step))], right, features);
                if (end == symbols.Length) break;
            }
        }
    }

    /// <summary>What was counted of one language.</summary>
    private sealed class LanguageCounts(int bucketBits)
    {
        private readonly Dictionary<int, long[]> _buckets = [];
        private readonly long[] _texts = new long[Scripts.Count];

        /// <summary>How many texts were given, those held out included.</summary>
        public long Given { get; set; }

        /// <summary>How many texts with letters were counted.</summary>
        public long Texts { get; private set; }

        /// <summary>[buckets]: how often features occurred in texts of a script.</summary>
        public long[] Of(int script) => _buckets[script];

        /// <summary>The share of the texts that are in a script.</summary>
        public double ShareOf(int script) => Texts == 0 ? 0 : (double)_texts[script] / Texts;

        /// <summary>Counts a text.</summary>
        public void Add(ReadOnlySpan<char> text)
        {
            text = text[..Math.Min(text.Length, LanguageIdentifier.LongestText)];
            Span<char> symbols = stackalloc char[text.Length + 2];
            symbols = LanguageIdentifier.Fold(text, symbols, out var script, out var letters);
            if (letters == 0) return;
            Texts++;
            _texts[script]++;
            if (!_buckets.TryGetValue(script, out var buckets)) _buckets[script] = buckets = new long[1 << bucketBits];
            var hashes = new uint[symbols.Length * NgramHasher.PerSymbol];
            var count = new NgramHasher().Hash(symbols, hashes);
            foreach (var hash in hashes.AsSpan(0, count)) buckets[hash >> (32 - bucketBits)]++;
        }
    }
}
