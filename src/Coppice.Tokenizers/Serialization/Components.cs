using Coppice.Foundation;
using Coppice.Tokenizers.Decoders;
using Coppice.Tokenizers.Normalizers;
using Coppice.Tokenizers.PostProcessors;
using Coppice.Tokenizers.PreTokenizers;

namespace Coppice.Tokenizers.Serialization;

/// <summary>Reads the components of <c>tokenizer.json</c> other than the model.</summary>
internal static class Components
{
    public static readonly ComponentRegistry<Normalizer> Normalizers = new(new Dictionary<string, Func<JsonField, Normalizer>>
    {
        ["NFC"] = _ => new UnicodeNormalizer(System.Text.NormalizationForm.FormC),
        ["NFD"] = _ => new UnicodeNormalizer(System.Text.NormalizationForm.FormD),
        ["NFKC"] = _ => new UnicodeNormalizer(System.Text.NormalizationForm.FormKC),
        ["NFKD"] = _ => new UnicodeNormalizer(System.Text.NormalizationForm.FormKD),
        ["Prepend"] = field => new PrependNormalizer(field["prepend"].RequireString()),
        ["Replace"] = field => new ReplaceNormalizer(ReadPattern(field["pattern"]), field["content"].RequireString()),
        ["Sequence"] = field => new NormalizerSequence(Normalizers!.ReadAll(field["normalizers"])),
    });

    public static readonly ComponentRegistry<PreTokenizer> PreTokenizers = new(new Dictionary<string, Func<JsonField, PreTokenizer>>
    {
        ["ByteLevel"] = field => new ByteLevelPreTokenizer(
            field["add_prefix_space"].OptionalBoolean(true), field["trim_offsets"].OptionalBoolean(true), field["use_regex"].OptionalBoolean(true)),
        ["Split"] = field => new SplitPreTokenizer(ReadPattern(field["pattern"]), ReadBehavior(field["behavior"]), field["invert"].OptionalBoolean(false)),
        ["Sequence"] = ReadPreTokenizerSequence,
    });

    public static readonly ComponentRegistry<PostProcessor> PostProcessors = new(new Dictionary<string, Func<JsonField, PostProcessor>>
    {
        ["ByteLevel"] = field => new ByteLevelPostProcessor(
            field["add_prefix_space"].OptionalBoolean(true), field["trim_offsets"].OptionalBoolean(true), field["use_regex"].OptionalBoolean(true)),
        ["TemplateProcessing"] = ReadTemplate,
        ["Sequence"] = field => new PostProcessorSequence(PostProcessors!.ReadAll(field["processors"])),
    });

    public static readonly ComponentRegistry<Decoder> Decoders = new(new Dictionary<string, Func<JsonField, Decoder>>
    {
        ["ByteLevel"] = field => new ByteLevelDecoder(
            field["add_prefix_space"].OptionalBoolean(true), field["trim_offsets"].OptionalBoolean(true), field["use_regex"].OptionalBoolean(true)),
        ["ByteFallback"] = _ => new ByteFallbackDecoder(),
        ["Fuse"] = _ => new FuseDecoder(),
        ["Replace"] = field => new ReplaceDecoder(ReadPattern(field["pattern"]), field["content"].RequireString()),
        ["Strip"] = ReadStrip,
        ["Sequence"] = field => new DecoderSequence(Decoders!.ReadAll(field["decoders"])),
    });

    private static TextPattern ReadPattern(JsonField field)
    {
        var (name, value) = field.RequireObject().FirstOrDefault();
        return name switch
        {
            "String" => new TextPattern(value.RequireString(), isRegex: false),
            "Regex" => ReadRegex(value),
            _ => throw field.Error("must be {\"String\": ...} or {\"Regex\": ...}"),
        };
    }

    private static TextPattern ReadRegex(JsonField field)
    {
        try
        {
            return new TextPattern(field.RequireString(), isRegex: true);
        }
        catch (CoppiceException error)
        {
            throw field.Error(error.Message, error);
        }
    }

    private static SplitBehavior ReadBehavior(JsonField field)
    {
        var name = field.RequireString();
        return Enum.GetNames<SplitBehavior>().Contains(name, StringComparer.Ordinal)
            ? Enum.Parse<SplitBehavior>(name)
            : throw field.Error($"'{name}' is not supported; supported are {string.Join(", ", Enum.GetNames<SplitBehavior>())}");
    }

    private static PreTokenizerSequence ReadPreTokenizerSequence(JsonField field)
    {
        var parts = PreTokenizers.ReadAll(field["pretokenizers"]);
        if (parts.SkipLast(1).Any(part => part.IsByteLevel)) throw field.Error("ByteLevel is only supported as the last part of a Sequence");
        if (parts.Skip(1).Any(part => part.AddsPrefixSpace)) throw field.Error("add_prefix_space is only supported in the first part of a Sequence");
        return new PreTokenizerSequence(parts);
    }

    private static StripDecoder ReadStrip(JsonField field)
    {
        var content = field["content"].RequireString();
        if (content.Length != 1) throw field["content"].Error("must be one character of the basic plane");
        var start = field["start"].RequireInteger();
        var stop = field["stop"].RequireInteger();
        if (start < 0 || stop < 0) throw field.Error("start and stop can't be negative");
        return new StripDecoder(content[0], start, stop);
    }

    private static TemplatePostProcessor ReadTemplate(JsonField field)
    {
        var special = new Dictionary<string, IReadOnlyList<(int, string)>>(StringComparer.Ordinal);
        foreach (var (name, definition) in field["special_tokens"].RequireObject())
        {
            var ids = definition["ids"].RequireArray().Select(id => id.RequireInteger()).ToList();
            var tokens = definition["tokens"].RequireArray().Select(token => token.RequireString()).ToList();
            if (ids.Count != tokens.Count) throw definition.Error("needs as many ids as tokens");
            special[name] = ids.Zip(tokens).ToList();
        }

        return new TemplatePostProcessor(field["single"].RequireArray().Select(item => ReadTemplateItem(item, special)).ToList(), field.Value.Clone());
    }

    private static TemplateItem ReadTemplateItem(JsonField item, Dictionary<string, IReadOnlyList<(int, string)>> special)
    {
        if (!item["Sequence"].IsNull) return new TemplateItem(null);
        var name = item["SpecialToken"]["id"].RequireString();
        return special.TryGetValue(name, out var tokens)
            ? new TemplateItem(tokens)
            : throw item.Error($"the special token '{name}' is not among special_tokens");
    }
}
