using Coppice.Foundation;
using Coppice.Models.Gguf;
using Coppice.Tokenizers;
using Coppice.Tokenizers.ChatTemplates;

namespace Coppice.Inference;

/// <summary>Finds out how a model wants conversations written.</summary>
public static class ModelChat
{
    /// <summary>The chat template of a model; a plain dialogue where it brings none.</summary>
    /// <param name="path">A model directory or a GGUF file.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <exception cref="CoppiceException">The template uses what is not supported, or a file is damaged: the message has file and line.</exception>
    public static IChatTemplate TemplateOf(string path, Tokenizer tokenizer) =>
        (File.Exists(path) ? OfFile(path, tokenizer) : ChatTemplate.Load(path)) is { } template ? new ModelChatTemplate(template, tokenizer) : new PlainChatTemplate(tokenizer);

    private static ChatTemplate? OfFile(string path, Tokenizer tokenizer)
    {
        using var file = GgufFile.Open(path);
        if (GgufImport.ReadChatTemplate(file) is not { } chat) return null;
        var tokens = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, id) in new[] { ("bos_token", chat.BeginOfText), ("eos_token", chat.EndOfText) })
        {
            if (id is { } number && tokenizer.IdToToken(number) is { } token) tokens[name] = token;
        }

        return ChatTemplate.Parse(chat.Source, tokens, $"{path}: chat_template");
    }
}
