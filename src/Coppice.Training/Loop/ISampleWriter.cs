using Coppice.Models;
using Coppice.Tokenizers;
using Coppice.Training.Recipes;

namespace Coppice.Training.Loop;

/// <summary>Lets the model write during a run. Generation is a room above training, so whoever starts the run brings it along.</summary>
public interface ISampleWriter
{
    /// <summary>Continues a prompt.</summary>
    /// <param name="model">The model as it is now.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="settings">Length and temperature.</param>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="step">Steps done: samples of different steps differ in their random numbers.</param>
    /// <returns>The text after the prompt.</returns>
    string Continue(LanguageModel model, Tokenizer tokenizer, string prompt, EvaluationSection settings, ulong seed, long step);
}
