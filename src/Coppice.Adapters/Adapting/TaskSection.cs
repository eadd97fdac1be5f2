using System.ComponentModel.DataAnnotations;
using Coppice.Models;
using Coppice.Training.Recipes;

namespace Coppice.Adapters;

/// <summary>The task: what it is, which fields of the data it reads, and its own settings. What a task doesn't read may not be set.</summary>
public sealed record TaskSection
{
    /// <summary>
    /// <c>sft</c>, <c>chat</c>, <c>classification</c>, <c>pairs</c>, <c>tokens</c>, <c>regression</c>, <c>choice</c>, or one of the preferences <c>dpo</c>,
    /// <c>ipo</c>, <c>simpo</c>, <c>orpo</c>, <c>kto</c> and <c>conditional</c>.
    /// </summary>
    public string Name { get; init; } = "";

    /// <summary>classification, pairs, regression: the field with the text.</summary>
    public string TextField { get; init; } = "text";

    /// <summary>pairs, regression: the field with the second text. pairs reads <c>text2</c> where nothing is said; a regression of single texts has none.</summary>
    public string PairField { get; init; } = "";

    /// <summary>classification, pairs, regression: the field with the label, or the number.</summary>
    public string LabelField { get; init; } = "label";

    /// <summary>sft, chat: the field with the prompt.</summary>
    public string PromptField { get; init; } = "prompt";

    /// <summary>sft, chat: the field with the response.</summary>
    public string ResponseField { get; init; } = "response";

    /// <summary>sft, chat: the field with the list of messages, in place of prompt and response.</summary>
    public string MessagesField { get; init; } = "messages";

    /// <summary>tokens: the column of a CoNLL-U file that holds the labels.</summary>
    public string Column { get; init; } = "upos";

    /// <summary>classification, pairs, tokens: all labels that there are. An empty list takes those of the training data.</summary>
    public ValueList<string> Labels { get; init; } = [];

    /// <summary>classification, pairs, tokens: what an example of each class counts.</summary>
    public ClassWeights ClassWeights { get; init; }

    /// <summary>classification, pairs, regression, choice: which hidden state stands for a document.</summary>
    public PoolingChoice Pooling { get; init; }

    /// <summary>dpo, ipo, simpo, orpo, kto: whether prompts are written by the model's chat template.</summary>
    public TemplateChoice Template { get; init; }

    /// <summary>dpo, ipo, simpo, kto: how strongly the model is held to where it began, or what a difference counts (simpo); 0 for the usual: 0.1, for simpo 2.</summary>
    [Range(0.0, 1e6)]
    public double Beta { get; init; }

    /// <summary>simpo: by how much the better answer must be ahead.</summary>
    [Range(0.0, 1e6)]
    public double Gamma { get; init; } = 1;

    /// <summary>orpo: what the odds count beside the likelihood.</summary>
    [Range(0.0, 1e6)]
    public double Lambda { get; init; } = 0.1;

    /// <summary>dpo: the form of the loss.</summary>
    public DirectPreferenceForm Form { get; init; }

    /// <summary>dpo, in its forms conservative and robust: the share of preferences that are the wrong way round.</summary>
    [Range(0.0, 0.5, MaximumIsExclusive = true)]
    public double Errors { get; init; }

    /// <summary>kto: what desirable answers count.</summary>
    [Range(0.0, 1e6)]
    public double Desirable { get; init; } = 1;

    /// <summary>kto: what the others count.</summary>
    [Range(0.0, 1e6)]
    public double Undesirable { get; init; } = 1;

    /// <summary>conditional: the least score of a good text.</summary>
    public double Threshold { get; init; }

    /// <summary>conditional: the share of texts that get no mark.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Unmarked { get; init; } = 0.01;

    internal Pooling PoolingFor(ModelConfiguration configuration) => Pooling switch
    {
        PoolingChoice.First => Adapters.Pooling.First,
        PoolingChoice.Last => Adapters.Pooling.Last,
        PoolingChoice.Mean => Adapters.Pooling.Mean,
        _ => PoolingOperations.For(configuration),
    };
}

/// <summary>What an example of each class counts.</summary>
public enum ClassWeights
{
    /// <summary>All alike.</summary>
    Equal,

    /// <summary>Those of rare classes more, so that all classes count alike.</summary>
    Balanced,
}

/// <summary>Which hidden state stands for a document.</summary>
public enum PoolingChoice
{
    /// <summary>The last token's of a decoder, the first one's of an encoder.</summary>
    Usual,

    /// <summary>The first token's.</summary>
    First,

    /// <summary>The last token's.</summary>
    Last,

    /// <summary>The mean of all tokens.</summary>
    Mean,
}

/// <summary>Whether a chat template is used.</summary>
public enum TemplateChoice
{
    /// <summary>Where the model has one.</summary>
    Auto,

    /// <summary>Not at all.</summary>
    None,
}
