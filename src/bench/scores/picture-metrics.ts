/** Measures of a rebuilt picture beside its original, what people see first. */
export const pictureMetrics = ['lpips', 'msSsim', 'psnr', 'butteraugli'] as const;

/** One of {@link pictureMetrics}. */
export type PictureMetric = (typeof pictureMetrics)[number];

/** How far one rebuilt picture is from its original; without what was not measured. */
export type PictureMeasures = Readonly<Partial<Record<PictureMetric, number>>>;

/** How a measure is called, written, plotted and compared. */
export interface MetricForm {
  readonly name: string;
  /** What the axis of a plot says. */
  readonly axis: string;
  /** In the name of a file. */
  readonly slug: string;
  /** Digits after the point. */
  readonly digits: number;
  /** What is plotted of a mean over pictures. */
  plotted(mean: number): number;
  /** What rises with quality, for Bjontegaard deltas. */
  rising(mean: number): number;
}

/** Forms of all measures. */
export const metricForms: Readonly<Record<PictureMetric, MetricForm>> = {
  lpips: {
    ...{ name: 'LPIPS', axis: 'LPIPS (squeeze), lower is better', slug: 'lpips', digits: 4 },
    plotted: (mean) => mean,
    rising: (mean) => -mean,
  },
  // In decibels, as learned compression reports it: near to 1 the plain figure has no differences to see.
  msSsim: {
    ...{ name: 'MS-SSIM', axis: 'MS-SSIM, dB', slug: 'ms-ssim', digits: 4 },
    plotted: similarityInDecibels,
    rising: similarityInDecibels,
  },
  psnr: {
    ...{ name: 'PSNR', axis: 'PSNR of RGB, dB', slug: 'psnr', digits: 2 },
    plotted: (mean) => mean,
    rising: (mean) => mean,
  },
  butteraugli: {
    ...{ name: 'Butteraugli', axis: 'Butteraugli (3-norm), lower is better', slug: 'butteraugli', digits: 3 },
    plotted: (mean) => mean,
    rising: (mean) => -mean,
  },
};

function similarityInDecibels(similarity: number): number {
  return -10 * Math.log10(Math.max(1e-10, 1 - similarity));
}
