using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tokenizers;
using Coppice.Tokenizers.ChatTemplates;

namespace Coppice.Adapters;

/// <summary>What a task is rendered, trained and measured with.</summary>
/// <param name="Model">The model, as it is at the moment.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
/// <param name="Template">Its chat template, where the task uses one and there is one.</param>
/// <param name="Settings">The recipe's section.</param>
/// <param name="MaxTokens">The most tokens of a document.</param>
/// <param name="BatchTokens">The most tokens of a packed batch.</param>
/// <param name="Reference">Log-probabilities of answers under the model that training began from; see <see cref="PreferenceObjective.LogProbabilities"/>.</param>
internal sealed record TaskContext(
    LanguageModel Model, Tokenizer Tokenizer, ChatTemplate? Template, TaskSection Settings, int MaxTokens, int BatchTokens,
    Func<IReadOnlyList<TaskExample>, IReadOnlyList<double[]>> Reference)
{
    /// <summary>The most tokens of a document that a model reads: what was asked for, or all of its positions but those that an adapter's virtual tokens take.</summary>
    /// <param name="model">The model, with its adapter on.</param>
    /// <param name="asked">What was asked for; 0 for all.</param>
    /// <exception cref="CoppiceException">It is more than the model reads.</exception>
    public static int MostTokens(LanguageModel model, int asked)
    {
        if (model.Configuration.HasLongestSequence && asked > model.MaxTokens)
            throw CoppiceException.Usage(FormattableString.Invariant($"training.max_tokens: {asked} tokens are more than the model reads at once, which is {model.MaxTokens}"));
        return asked > 0 ? asked : model.MaxTokens;
    }
}
