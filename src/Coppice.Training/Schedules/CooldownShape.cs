namespace Coppice.Training.Schedules;

/// <summary>How the infinite schedule comes from the peak to its constant learning rate; p is the share of the way that is done.</summary>
public enum CooldownShape
{
    /// <summary>(1 + cos πp) / 2.</summary>
    Cosine,

    /// <summary>1 - h(p) / h(1) with h(x) = 1 / √(1 + 10x) - 1: falls fast at first.</summary>
    InverseSqrt,

    /// <summary>1 - p.</summary>
    Linear,
}
