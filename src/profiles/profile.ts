import type { ModelRules } from '../model/model-rules.js';

/** What a layer of a file is for, and what a model must hold to code it. */
export interface Profile extends ModelRules {
  /** In headers and manifests (format-spec/v1/dicm-v1.md, section 4.1). */
  readonly name: 'semantic' | 'perceptual';
  /** What people call a layer of this profile. */
  readonly layer: 'machine' | 'view';
  /** What its latents are rebuilt to. */
  readonly result: 'features' | 'picture';
  /** Whether this version has its networks; without them, files of the profile can be read but not decoded. */
  readonly isCoded: boolean;
}
