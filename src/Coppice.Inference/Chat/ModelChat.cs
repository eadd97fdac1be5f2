using Coppice.Foundation;
using Coppice.Tokenizers;
using Coppice.Tokenizers.ChatTemplates;

namespace Coppice.Inference;

/// <summary>Finds out how a model wants conversations written.</summary>
public static class ModelChat
{
    /// <summary>The chat template of a model directory; a plain dialogue where it brings none.</summary>
    /// <param name="directory">The model directory.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <exception cref="CoppiceException">The template uses what is not supported, or a file is damaged: the message has file and line.</exception>
    public static IChatTemplate TemplateOf(string directory, Tokenizer tokenizer) =>
        ChatTemplate.Load(directory) is { } template ? new ModelChatTemplate(template, tokenizer) : new PlainChatTemplate(tokenizer);
}
