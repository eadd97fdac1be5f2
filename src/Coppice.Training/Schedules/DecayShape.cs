using Coppice.Foundation;

namespace Coppice.Training.Schedules;

/// <summary>How the learning rate comes down in the last part of a run; q is the share of that part that is done.</summary>
public enum DecayShape
{
    /// <summary>What the schedule usually does.</summary>
    Usual,

    /// <summary>1 - q.</summary>
    Linear,

    /// <summary>1 - √q: falls fast at first.</summary>
    Root,

    /// <summary>(1 + cos πq) / 2.</summary>
    Cosine,

    /// <summary>1 - q²: stays high for long.</summary>
    Square,

    /// <summary>The same factor at each step; the final learning rate must be above 0.</summary>
    Exponential,
}

/// <summary>The arithmetic of <see cref="DecayShape"/>.</summary>
[Technique("decay-shapes", Title = "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations", Paper = "arXiv:2405.18392")]
internal static class DecayShapes
{
    /// <summary>The learning rate between a start and an end; at the end exactly that.</summary>
    public static double LearningRate(this DecayShape shape, double start, double end, double done)
    {
        if (done >= 1) return end;
        if (shape == DecayShape.Exponential) return start * Math.Pow(end / start, done);
        var left = shape switch
        {
            DecayShape.Root => 1 - Math.Sqrt(done),
            DecayShape.Cosine => 0.5 * (1 + Math.Cos(Math.PI * done)),
            DecayShape.Square => 1 - (done * done),
            _ => 1 - done,
        };
        return end + (left * (start - end));
    }
}
