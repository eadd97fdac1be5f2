using Coppice.Tokenizers;
using Coppice.Training.Metrics;
using Coppice.Training.Recipes;

namespace Coppice.Training.Loop;

/// <summary>Lets the model write every so many steps, and at the end.</summary>
internal sealed class SampleProbe(ISampleWriter samples, Tokenizer tokenizer, EvaluationSection settings, ulong seed) : IRunProbe
{
    /// <inheritdoc/>
    public bool IsDue(long step, long totalSteps) => step > 0 && (step == totalSteps || (settings.SampleEvery > 0 && step % settings.SampleEvery == 0));

    /// <inheritdoc/>
    public double? Measure(RunMoment moment)
    {
        foreach (var prompt in settings.SamplePrompts)
        {
            var text = samples.Continue(moment.Model, tokenizer, prompt, settings, seed, moment.Step);
            moment.Tell(new TextSample { Step = moment.Step, Prompt = prompt, Text = text });
        }

        return null;
    }
}
