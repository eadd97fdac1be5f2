using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Models.Gguf;

/// <summary>A <c>tokenizer.json</c> as the metadata of a GGUF file. What llama.cpp would tokenise otherwise is refused.</summary>
internal sealed class GgufTokenizerExport
{
    private static readonly string[] PaddingNames = ["<pad>", "[PAD]", "<|pad|>"];

    private readonly JsonElement _root;
    private readonly JsonElement _model;
    private readonly Dictionary<string, int> _ids;
    private readonly List<(string Left, string Right)> _merges;
    private readonly string[] _tokens;
    private readonly int[] _types;
    private readonly List<string> _notes;

    private GgufTokenizerExport(JsonElement root, int vocabularySize, List<string> notes)
    {
        _root = root;
        _model = root.GetProperty("model");
        _notes = notes;
        var type = _model.GetProperty("type").GetString();
        if (type != "BPE") throw Refused($"its model is {type}, and only BPE is exported");
        if (new[] { "continuing_subword_prefix", "end_of_word_suffix" }.Any(affix => _model.GetProperty(affix).GetString() is { Length: > 0 })) throw Refused("it marks where words go on or end");
        _ids = _model.GetProperty("vocab").EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.GetInt32(), StringComparer.Ordinal);
        _merges = [.. _model.GetProperty("merges").EnumerateArray().Select(merge => (merge[0].GetString()!, merge[1].GetString()!))];
        if (_merges.Any(merge => merge.Left.Contains(' ', StringComparison.Ordinal) || merge.Right.Contains(' ', StringComparison.Ordinal))) throw Refused("it merges spaces, which GGUF can't write");
        (_tokens, _types) = Table(vocabularySize);
    }

    private bool ByteFallback => _model.GetProperty("byte_fallback").GetBoolean();

    /// <summary>Adds a tokenizer to a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="json">The text of a <c>tokenizer.json</c>.</param>
    /// <param name="configuration">The model's configuration: how many tokens there must be, and which begin and end a document.</param>
    /// <param name="notes">Receives what a reader of the file should know.</param>
    /// <exception cref="CoppiceException">llama.cpp has no such tokenizer.</exception>
    public static void Write(GgufWriter file, string json, ModelConfiguration configuration, List<string> notes)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            new GgufTokenizerExport(document.RootElement, configuration.VocabularySize, notes).Write(file, configuration);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException or IndexOutOfRangeException)
        {
            throw new CoppiceException($"the tokenizer is no valid tokenizer.json: {error.Message.ReplaceLineEndings(" ")}", inner: error);
        }
    }

    private void Write(GgufWriter file, ModelConfiguration configuration)
    {
        var isByteLevel = WordPattern() is not null;
        if (!isByteLevel && !ByteFallback) throw Refused(_merges.Count == 0
            ? "a tokenizer of characters has no counterpart in GGUF; train the model on byte-level BPE or BPE with byte fallback"
            : "without byte-level words it needs a fallback to bytes");
        file.Add(GgufTokenizer.ModelKey, isByteLevel ? GgufTokenizer.ByteModel : GgufTokenizer.CharacterModel);
        if (isByteLevel) WriteByteModel(file);
        else WriteCharacterModel(file);
        file.Add(GgufTokenizer.MergesKey, [.. _merges.Select(merge => $"{merge.Left} {merge.Right}")]);
        WriteSpecialTokens(file, configuration);
    }

    private void WriteByteModel(GgufWriter file)
    {
        var pattern = WordPattern();
        var ignoreMerges = _model.GetProperty("ignore_merges").GetBoolean();
        var known = GgufTokenizer.WordPatterns.FirstOrDefault(entry => entry.Pattern == pattern && entry.IgnoreMerges == ignoreMerges);
        if (known.Names is null) throw Refused($"llama.cpp doesn't cut words by {pattern}{(ignoreMerges ? ", ignoring merges" : "")}");
        switch (TypeOf(_root.GetProperty("normalizer")))
        {
            case null:
                break;
            case "NFC":
                _notes.Add("llama.cpp does not bring text to Unicode's composed form (NFC), as the tokenizer does: such text is tokenised otherwise");
                break;
            case var other:
                throw Refused($"llama.cpp has no normalizer {other}");
        }

        file.Add(GgufTokenizer.PatternKey, known.Names[0]);
        file.Add(GgufTokenizer.TokensKey, _tokens);
        file.Add(GgufTokenizer.TypesKey, _types);
    }

    private void WriteCharacterModel(GgufWriter file)
    {
        var addSpace = AddsSpace();
        for (var value = 0; value < 256; value++)
        {
            if (!_ids.TryGetValue(GgufTokenizer.ByteToken(value), out var id)) throw Refused($"it lacks the token {GgufTokenizer.ByteToken(value)}: llama.cpp needs one for each byte");
            _types[id] = GgufTokenizer.Byte;
        }

        file.Add(GgufTokenizer.PatternKey, "default");
        file.Add(GgufTokenizer.TokensKey, _tokens);
        file.Add(GgufTokenizer.ScoresKey, Scores());
        file.Add(GgufTokenizer.TypesKey, _types);
        file.Add(GgufTokenizer.AddSpaceKey, addSpace);
    }

    /// <summary>The pattern that cuts words of a byte-level model, or null for another model.</summary>
    private string? WordPattern()
    {
        var pre = _root.GetProperty("pre_tokenizer");
        if (TypeOf(pre) == "ByteLevel") return PatternOfByteLevel(pre) ?? throw Refused("llama.cpp always cuts text into words");
        if (TypeOf(pre) != "Sequence") return null;
        var parts = pre.GetProperty("pretokenizers").EnumerateArray().ToList();
        if (parts.Count == 0 || TypeOf(parts[^1]) != "ByteLevel") return null;
        if (parts.Count != 2 || TypeOf(parts[0]) != "Split" || PatternOfByteLevel(parts[1]) is not null) throw Refused("llama.cpp doesn't cut words as its pre-tokenizers do");
        var split = parts[0];
        var (behavior, invert) = (split.GetProperty("behavior").GetString(), split.GetProperty("invert").GetBoolean());
        // These patterns match every character, so that keeping the matches alone and isolating them come to the same.
        var keepsMatches = (behavior == "Isolated" && !invert) || (behavior == "Removed" && invert);
        if (!keepsMatches || !split.GetProperty("pattern").TryGetProperty("Regex", out var pattern)) throw Refused("llama.cpp doesn't cut words as its pre-tokenizers do");
        return pattern.GetString();
    }

    private static string? PatternOfByteLevel(JsonElement byteLevel)
    {
        if (byteLevel.GetProperty("add_prefix_space").GetBoolean()) throw Refused("llama.cpp puts no space before the text");
        return byteLevel.GetProperty("use_regex").GetBoolean() ? GgufTokenizer.Gpt2Pattern : null;
    }

    /// <summary>Whether a space goes before a text; anything but spaces written as ▁ is refused.</summary>
    private bool AddsSpace()
    {
        var (normalizer, pre) = (_root.GetProperty("normalizer"), _root.GetProperty("pre_tokenizer"));
        if (TypeOf(pre) == "Metaspace" && TypeOf(normalizer) is null && pre.GetProperty("replacement").GetString() == GgufTokenizer.Space && !pre.GetProperty("split").GetBoolean())
        {
            if (pre.GetProperty("prepend_scheme").GetString() == "never") return false;
            _notes.Add("llama.cpp puts a space before a text even where it begins with one, which the tokenizer doesn't: such text is tokenised otherwise");
            return true;
        }

        var steps = TypeOf(normalizer) == "Sequence" ? normalizer.GetProperty("normalizers").EnumerateArray().ToList() : [normalizer];
        if (TypeOf(pre) is null && steps.Count is 1 or 2 && IsSpaceReplacement(steps[^1]))
        {
            if (steps.Count == 1) return false;
            if (TypeOf(steps[0]) == "Prepend" && steps[0].GetProperty("prepend").GetString() == GgufTokenizer.Space) return true;
        }

        throw Refused("llama.cpp doesn't normalise text as it does");
    }

    private static bool IsSpaceReplacement(JsonElement step) =>
        TypeOf(step) == "Replace" && step.GetProperty("content").GetString() == GgufTokenizer.Space
        && step.GetProperty("pattern").TryGetProperty("String", out var pattern) && pattern.GetString() == " ";

    /// <summary>The token of each id and its type; ids without a token, such as rows that pad the embedding, are unused.</summary>
    private (string[] Tokens, int[] Types) Table(int vocabularySize)
    {
        var (tokens, types) = (new string[vocabularySize], new int[vocabularySize]);
        for (var id = 0; id < vocabularySize; id++) (tokens[id], types[id]) = (FormattableString.Invariant($"[PAD{id}]"), GgufTokenizer.Unused);
        foreach (var (token, id) in _ids) (tokens[Checked(token, id, vocabularySize)], types[id]) = (token, GgufTokenizer.Normal);
        foreach (var added in _root.GetProperty("added_tokens").EnumerateArray())
        {
            var (token, id, special) = (added.GetProperty("content").GetString()!, added.GetProperty("id").GetInt32(), added.GetProperty("special").GetBoolean());
            if (!special && new[] { "single_word", "lstrip", "rstrip" }.Any(option => added.GetProperty(option).GetBoolean()))
                throw Refused($"the added token '{token}' takes the text around it into account, which llama.cpp doesn't");
            (tokens[Checked(token, id, vocabularySize)], types[id]) = (token, special ? GgufTokenizer.Control : GgufTokenizer.UserDefined);
        }

        return (tokens, types);
    }

    private static int Checked(string token, int id, int vocabularySize) =>
        (uint)id < (uint)vocabularySize ? id : throw new CoppiceException($"the tokenizer's token '{token}' has the id {id}, but the model has {vocabularySize} tokens: they don't belong together");

    /// <summary>
    /// llama.cpp joins neighbours whenever the whole is a token, the highest score first: the rank of a merge, counted down. Where a token can be put together
    /// from parts that no merge names, that is more than the merges do.
    /// </summary>
    private float[] Scores()
    {
        var ranks = new Dictionary<(string, string), int>();
        var rankOf = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var rank = 0; rank < _merges.Count; rank++)
        {
            ranks[_merges[rank]] = rank;
            rankOf.TryAdd(_merges[rank].Left + _merges[rank].Right, rank);
        }

        var others = 0;
        var scores = new float[_tokens.Length];
        for (var id = 0; id < scores.Length; id++)
        {
            if (_types[id] != GgufTokenizer.Normal) continue;
            var rank = rankOf.GetValueOrDefault(_tokens[id], _merges.Count);
            scores[id] = -rank;
            if (GgufTokenizer.Splits(_tokens[id]).Any(split => _ids.ContainsKey(split.Left) && _ids.ContainsKey(split.Right) && ranks.GetValueOrDefault(split, -1) != rank)) others++;
        }

        if (others > 0) _notes.Add(FormattableString.Invariant($"llama.cpp joins parts by scores, not by merges: {others} tokens can be put together in a way that no merge names, so that few texts may be tokenised otherwise"));
        return scores;
    }

    private void WriteSpecialTokens(GgufWriter file, ModelConfiguration configuration)
    {
        var (first, last) = Template();
        var begin = first ?? configuration.BeginOfText;
        var end = configuration.EndOfText ?? last;
        void Add(string key, int? id)
        {
            if (id is { } value) file.Add(key, Checked("a special token", value, _tokens.Length));
        }

        Add(GgufTokenizer.BeginKey, begin);
        Add(GgufTokenizer.EndKey, end);
        if (_model.GetProperty("unk_token").GetString() is { } unknown && _ids.TryGetValue(unknown, out var unknownId)) Add(GgufTokenizer.UnknownKey, unknownId);
        var padding = Array.FindIndex(_tokens, token => PaddingNames.Contains(token));
        if (padding >= 0) Add(GgufTokenizer.PaddingKey, padding);
        // Documents begin with the token in training, and so do prompts in generation.
        file.Add(GgufTokenizer.AddBeginKey, begin is not null);
        file.Add(GgufTokenizer.AddEndKey, last is not null);
        if (end is null) _notes.Add("no token ends a document: llama.cpp will take a token of its own choice for one");
    }

    /// <summary>The special tokens that the post-processor puts first and last.</summary>
    private (int? First, int? Last) Template()
    {
        var post = _root.GetProperty("post_processor");
        var processors = TypeOf(post) == "Sequence" ? post.GetProperty("processors").EnumerateArray().ToList() : [post];
        foreach (var processor in processors.Where(processor => TypeOf(processor) == "TemplateProcessing"))
        {
            var items = processor.GetProperty("single").EnumerateArray().ToList();
            var special = processor.GetProperty("special_tokens");
            int? IdOf(JsonElement item) => item.TryGetProperty("SpecialToken", out var token) ? special.GetProperty(token.GetProperty("id").GetString()!).GetProperty("ids")[0].GetInt32() : null;
            return (IdOf(items[0]), items.Count > 1 ? IdOf(items[^1]) : null);
        }

        return (null, null);
    }

    private static string? TypeOf(JsonElement component) => component.ValueKind == JsonValueKind.Object ? component.GetProperty("type").GetString() : null;

    private static CoppiceException Refused(string why) => new($"the tokenizer can't be exported to GGUF: {why}");
}
