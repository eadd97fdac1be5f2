using System.Text.Json;
using Coppice.Foundation;
using Coppice.Tokenizers.Jinja;

namespace Coppice.Tokenizers.ChatTemplates;

/// <summary>Reads the chat template of a model directory and the special tokens that it may write.</summary>
internal static class ChatTemplateFiles
{
    private const string AdditionalTokens = "additional_special_tokens";
    private const long LargestFile = 64 << 20;

    private static readonly string[] Tokens = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    /// <summary>The template of a directory: its name for messages, itself, and the special tokens that it may write; null where there is none.</summary>
    public static (string Name, string Source, Dictionary<string, object?> Tokens)? Read(string directory)
    {
        try
        {
            return ReadFiles(directory);
        }
        catch (InvalidOperationException error)
        {
            throw new CoppiceException($"{directory}: a text in the configuration of the tokenizer is not valid Unicode", inner: error);
        }
    }

    private static (string Name, string Source, Dictionary<string, object?> Tokens)? ReadFiles(string directory)
    {
        var configurationPath = Path.Combine(directory, TokenizerFiles.ConfigurationFile);
        using var configuration = Open(configurationPath);
        var templatePath = Path.Combine(directory, TokenizerFiles.ChatTemplateFile);
        var (name, source) = ReadText(templatePath) is { } text
            ? (templatePath, text)
            : (configurationPath, configuration is null ? null : Template(configurationPath, configuration.RootElement));
        if (source is null) return null;
        var tokens = new Dictionary<string, object?>(StringComparer.Ordinal);
        var tokensPath = Path.Combine(directory, TokenizerFiles.SpecialTokensFile);
        using var map = Open(tokensPath);
        if (map is not null) Read(tokensPath, map.RootElement, tokens);
        if (configuration is not null) Read(configurationPath, configuration.RootElement, tokens);
        return (name == templatePath ? name : $"{name}: chat_template", source, tokens);
    }

    private static string? Template(string path, JsonElement configuration)
    {
        if (!configuration.TryGetProperty("chat_template", out var template) || template.ValueKind == JsonValueKind.Null) return null;
        if (template.ValueKind == JsonValueKind.String) return template.GetString();
        if (template.ValueKind != JsonValueKind.Array) throw new CoppiceException($"{path}: chat_template: a text or a list of templates with names is expected");
        foreach (var named in template.EnumerateArray())
        {
            if (Member(named, "name") == "default" && Member(named, "template") is { } source) return source;
        }

        throw new CoppiceException($"{path}: chat_template: none of the templates is named 'default'");
    }

    private static void Read(string path, JsonElement file, Dictionary<string, object?> tokens)
    {
        foreach (var name in Tokens)
        {
            if (!file.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) continue;
            tokens[name] = Content(value) ?? throw new CoppiceException($"{path}: {name}: a token is a text, or an object with a content");
        }

        if (file.TryGetProperty(AdditionalTokens, out var additional) && additional.ValueKind == JsonValueKind.Array) tokens[AdditionalTokens] = new JinjaList(additional.EnumerateArray().Select(Content));
    }

    /// <summary>A token's text: as it is, or in an object beside how it is matched.</summary>
    private static string? Content(JsonElement token) => token.ValueKind == JsonValueKind.String ? token.GetString() : Member(token, "content");

    private static string? Member(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;

    private static JsonDocument? Open(string path)
    {
        if (ReadText(path) is not { } text) return null;
        try
        {
            var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 64 });
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
            throw new CoppiceException($"{path}: a JSON object is expected");
        }
        catch (JsonException error)
        {
            throw new CoppiceException($"{path}: is not JSON: {error.Message}", inner: error);
        }
    }

    private static string? ReadText(string path)
    {
        try
        {
            if (!File.Exists(path)) return null;
            if (new FileInfo(path).Length > LargestFile) throw new CoppiceException($"{path}: is larger than {LargestFile >> 20} MiB");
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{path}: can't be read: {error.Message}", inner: error);
        }
    }
}
