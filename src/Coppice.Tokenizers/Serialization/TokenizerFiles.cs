using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Tokenizers;

/// <summary>
/// What a model directory holds of a tokenizer: <c>tokenizer.json</c>, and beside it the files that tell other programs what its special tokens are for and how a
/// conversation becomes a text.
/// </summary>
public static class TokenizerFiles
{
    /// <summary>The file that names the special tokens by what they are for.</summary>
    public const string ConfigurationFile = "tokenizer_config.json";

    /// <summary>Where older tools wrote the special tokens.</summary>
    public const string SpecialTokensFile = "special_tokens_map.json";

    /// <summary>The chat template, where it has a file of its own.</summary>
    public const string ChatTemplateFile = "chat_template.jinja";

    private static readonly string[] Companions = [ConfigurationFile, SpecialTokensFile, ChatTemplateFile];

    private static readonly (string Key, string[] Names)[] Roles =
    [
        ("unk_token", ["[UNK]", "<unk>"]), ("pad_token", ["[PAD]", "<pad>"]), ("cls_token", ["[CLS]"]), ("sep_token", ["[SEP]"]), ("mask_token", ["[MASK]", "<mask>"]),
    ];

    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes them.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="directory">The model directory.</param>
    /// <param name="longest">The most tokens that the model reads at once.</param>
    /// <param name="parent">The directory of a model with the same special tokens, whose files are taken where it has them; null for none.</param>
    /// <exception cref="CoppiceException">They can't be read or written.</exception>
    public static void Write(Tokenizer tokenizer, string directory, int longest, string? parent = null)
    {
        tokenizer.Save(Path.Combine(directory, Tokenizer.FileName));
        if (parent is null || !File.Exists(Path.Combine(parent, ConfigurationFile)))
        {
            AtomicFile.WriteBytes(Path.Combine(directory, ConfigurationFile), Configuration(tokenizer, longest));
            return;
        }

        foreach (var name in Companions.Where(name => File.Exists(Path.Combine(parent, name)))) AtomicFile.WriteBytes(Path.Combine(directory, name), Read(Path.Combine(parent, name)));
    }

    private static byte[] Configuration(Tokenizer tokenizer, int longest)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Indented))
        {
            json.WriteStartObject();
            // Everything else is in tokenizer.json.
            json.WriteString("tokenizer_class", "PreTrainedTokenizerFast");
            json.WriteNumber("model_max_length", longest);
            json.WriteBoolean("clean_up_tokenization_spaces", false);
            if (tokenizer.BeginOfText is { } begin) json.WriteString("bos_token", tokenizer.IdToToken(begin));
            if (tokenizer.EndOfText is { } end) json.WriteString("eos_token", tokenizer.IdToToken(end));
            foreach (var (key, names) in Roles)
            {
                if (names.FirstOrDefault(tokenizer.SpecialTokens.ContainsKey) is { } token) json.WriteString(key, token);
            }

            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static byte[] Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{path}: can't be read: {error.Message}", inner: error);
        }
    }
}
